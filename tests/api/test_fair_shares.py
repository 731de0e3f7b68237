"""Shares at the door of ingest: whoever sends too much, or nothing of what it announced, keeps nobody else out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from opsknight.api.bodies import LARGE, LARGE_AT_ONCE
from opsknight.api.gate import INSIDE, STRANGERS, Gate
from opsknight.api.ingest import EVENTS, PAGERDUTY, IngestRoutes
from opsknight.api.intake import STUCK_S, Intake
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.turned_away import Turned
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import Integration
from tests.bounds import PATIENCE_S
from tests.builders import a_known_integration
from tests.clock import StoppedClock

EVENT = json.dumps({"title": "Disk full", "dedup_key": "disk"}).encode()
SIGNED = [(b"authorization", b"Bearer s3cr3t")]


class FastClock(StoppedClock):
    """Its monotonic clock is moved by the test, too."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


class Known:
    """A catalogue with integrations that go the long way, two of each kind."""

    def __init__(self) -> None:
        made = {
            "noisy": {"secrets": ("s3cr3t",)},
            "quiet": {"secrets": ("s3cr3t",)},
            "gives up": {"provider": "alertmanager", "secrets": ("s3cr3t",)},
            "another": {"provider": "alertmanager", "secrets": ("s3cr3t",)},
            "noisy pagerduty": {"provider": "pagerduty"},
            "quiet pagerduty": {"provider": "pagerduty"},
        }
        numbered = enumerate(made.items(), 1)
        self.by_key = {key: replace(a_known_integration(**columns), id=n, key=key) for n, (key, columns) in numbered}

    def known(self, key: str) -> Integration | None:
        return self.by_key.get(key)

    async def find(self, key: str) -> Integration | None:
        return self.by_key.get(key)

    def archived(self, key: str) -> None:  # noqa: ARG002  # none of these is
        return None


async def no_page(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("no request of these tests goes past ingest")


@dataclass
class Door:
    """The ingest routes with a lane in memory, which stores nothing before it is let."""

    known: Known = field(default_factory=Known)
    clock: FastClock = field(default_factory=FastClock)
    stores: asyncio.Event = field(default_factory=asyncio.Event)
    stored: list[Delivery] = field(default_factory=list[Delivery])

    def __post_init__(self) -> None:
        self.intake = Intake([self._store], clock=self.clock, committed=lambda _: None)
        self.routes = IngestRoutes(no_page, intake=self.intake, clock=self.clock, catalogue=self.known)

    async def _store(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        await self.stores.wait()
        self.stored += deliveries
        return [Receipt(each.id, tuple((Verdict.OPENED, None) for _ in each.events)) for each in deliveries]

    async def post(self, path: str, body: bytes | None, *, of: str = "192.0.2.1", length: int = 0) -> int:
        """Send a body, or the promise of one that never comes; return the answer's status."""
        answered: list[int] = []

        async def receive() -> Any:
            if body is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])

        headers = [*SIGNED, (b"content-length", str(length or len(body or b"12345")).encode())]
        scope = {"type": "http", "path": path, "method": "POST", "query_string": b"", "headers": headers}
        await self.routes({**scope, "client": (of, 40_000)}, receive, send)
        return answered[0]

    async def event(self, key: str) -> int:
        return await self.post(EVENTS + key, EVENT)

    async def never(self, key: str) -> int:
        return await self.post(EVENTS + key, None)

    async def pagerduty(self, key: str) -> int:
        payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
        body = json.dumps({"routing_key": key, "event_action": "trigger", "dedup_key": "disk", "payload": payload})
        return await self.post(PAGERDUTY, body.encode())

    def waiting(self, key: str) -> int:
        """Return how many deliveries of an integration were let in and wait to be stored."""
        return self.intake.waiting(self.known.by_key[key])

    async def counted(self) -> set[tuple[int, int]]:
        """Return how many were turned away, as too many and because nothing was stored."""
        found: list[Turned] = []

        async def keep(counted: Sequence[Turned]) -> None:
            found.extend(counted)

        await self.routes.away.counted.store_counted(keep)
        return {(one.too_many, one.no_database) for one in found}


@asynccontextmanager
async def a_door() -> AsyncIterator[tuple[Door, asyncio.TaskGroup]]:
    """Open a door; what is begun in the group is ended with it."""
    async with asyncio.TaskGroup() as group:
        before = asyncio.all_tasks()
        yield Door(), group
        for task in asyncio.all_tasks() - before:
            task.cancel()


async def turns() -> None:
    """Let everybody do what they can do now."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_whoever_goes_the_long_way_is_let_in_while_another_integration_storms():
    async with a_door() as (door, group):
        for _ in range(2 * INSIDE):
            group.create_task(door.event("noisy"))
        await turns()

        group.create_task(door.event("quiet"))
        await turns()

        assert door.waiting("quiet") == 1


async def test_whoever_names_its_key_in_the_body_is_let_in_while_another_one_storms():
    async with a_door() as (door, group):
        for _ in range(2 * INSIDE):
            group.create_task(door.pagerduty("noisy pagerduty"))
        await turns()

        group.create_task(door.pagerduty("quiet pagerduty"))
        await turns()

        assert door.waiting("quiet pagerduty") == 1
        assert door.waiting("noisy pagerduty") >= INSIDE // 2


async def test_bodies_that_never_come_and_name_no_key_keep_nobody_else_out():
    async with a_door() as (door, group):
        for _ in range(2 * INSIDE):
            group.create_task(door.post(PAGERDUTY, None, of="203.0.113.9"))
        await turns()

        group.create_task(door.event("quiet"))
        group.create_task(door.pagerduty("quiet pagerduty"))
        await turns()

        assert (door.waiting("quiet"), door.waiting("quiet pagerduty")) == (1, 1)


async def test_a_storm_that_the_gate_turns_away_is_told_so_counted_and_its_people_hear_of_it_once():
    async with a_door() as (door, group):
        group.create_task(door.intake.run())
        for key in ("noisy", "gives up"):
            for _ in range(INSIDE):
                group.create_task(door.never(key))
        await turns()

        async with asyncio.timeout(PATIENCE_S):
            answered = await asyncio.gather(*(door.event(key) for key in ("noisy", "noisy", "gives up")))

        door.stores.set()
        await turns()
        assert answered == [429, 429, 503]
        assert [each.integration.key for each in door.stored if each.throttled] == ["noisy", "gives up"]
        assert all(too_many and not no_database for too_many, no_database in await door.counted())


async def test_large_bodies_of_one_integration_leave_places_to_those_of_another():
    body = json.dumps({"alerts": [{"status": "firing", "labels": {"alertname": "DiskFull"}}]}).encode()
    async with a_door() as (door, group):
        group.create_task(door.intake.run())
        door.stores.set()
        for _ in range(2 * LARGE_AT_ONCE):
            group.create_task(door.post(EVENTS + "gives up", None, length=LARGE + 1))
        await turns()

        async with asyncio.timeout(PATIENCE_S):
            status = await door.post(EVENTS + "another", body, length=LARGE + 1)

        assert status == 202


async def test_while_the_database_is_away_nobody_is_told_that_it_sends_too_much():
    async with a_door() as (door, group):
        group.create_task(door.intake.run())
        for _ in range(INSIDE):
            group.create_task(door.event("noisy"))
        await turns()
        door.clock.ahead_s = STUCK_S + 1

        async with asyncio.timeout(PATIENCE_S):
            status = await door.event("noisy")

        assert status == 503
        assert all(no_database and not too_many for too_many, no_database in await door.counted())


async def test_places_that_come_free_are_given_to_the_lines_in_turn():
    gate, came, leaves = Gate(lambda: 0.0), list[int](), asyncio.Event()

    async def enter(whose: int) -> None:
        await gate.enter(whose)
        came.append(whose)
        await leaves.wait()
        gate.leave()

    async with asyncio.TaskGroup() as group:
        for whose in [1] * INSIDE + [2] * INSIDE:
            group.create_task(enter(whose))
        await turns()
        inside = len(came)
        leaves.set()

    assert inside < INSIDE
    assert came[:inside].count(2) > 0
    assert min(came[inside : inside + 20].count(whose) for whose in (1, 2)) >= 8


async def test_strangers_of_one_address_leave_places_to_those_of_another():
    gate, came = Gate(lambda: 0.0), list[str]()

    async def enter(whose: str) -> None:
        await gate.enter(whose)
        came.append(whose)
        await asyncio.Event().wait()

    begun = [asyncio.get_running_loop().create_task(enter(of)) for of in ["192.0.2.1"] * INSIDE + ["192.0.2.2"]]
    await turns()
    for task in begun:
        task.cancel()

    assert len(came) <= STRANGERS
    assert came.count("192.0.2.2") == 1
