"""The door of ingest under odd senders: those that never finish, those that send much, a database that is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from opsknight.api.bodies import LARGE, LARGE_AT_ONCE
from opsknight.api.gate import BODY_WITHIN_S, INSIDE
from opsknight.api.ingest import KEPT_OF_REFUSED, IngestRoutes
from opsknight.api.intake import Intake
from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.turned_away import Turned
from opsknight.domain.model.event import Event
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import Integration
from tests.bounds import PATIENCE_S
from tests.builders import a_known_integration
from tests.clock import StoppedClock

EVENT = json.dumps({"title": "Disk full", "dedup_key": "disk"}).encode()
ALERTS = json.dumps({"alerts": [{"status": "firing", "labels": {"alertname": "DiskFull"}}]}).encode()
FORM = "application/x-www-form-urlencoded"
SPEAKS = frozenset(("statuscake", "uptime_kuma", "github", "zabbix"))
"""Kinds of monitor that an integration of the same name speaks like."""
SHARE = INSIDE // 2
"""Places that one integration may hold while no other wants any."""
Message = dict[str, Any]


class FastClock(StoppedClock):
    """Its monotonic clock is moved by the test, too."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


async def no_page(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("no request of these tests goes past ingest")


@dataclass
class Door:
    """The ingest routes with a lane that stores in memory."""

    routes: IngestRoutes
    clock: FastClock
    reading: list[str] = field(default_factory=list)

    async def knock(
        self,
        name: str,
        *,
        receive: Callable[[], Awaitable[Message]],
        length: int | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
        query: bytes = b"",
    ) -> int:
        """Send one request, whose body `receive` gives; return the answer's status."""
        answered: list[int] = []

        async def noted() -> Message:
            self.reading.append(name)
            return await receive()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])

        lengths = [] if length is None else [(b"content-length", str(length).encode())]
        scope = {
            "type": "http",
            "path": f"/api/v1/events/{name.split(maxsplit=1)[0]}",
            "method": "GET" if query else "POST",
            "query_string": query,
            "headers": [*headers, *lengths],
        }
        await self.routes(scope, noted, send)
        return answered[0]

    async def send(self, name: str = "quick", body: bytes = EVENT, **headers: str) -> int:
        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        named = [(each.replace("_", "-").encode(), said.encode()) for each, said in headers.items()]
        return await self.knock(name, receive=receive, length=len(body), headers=named)

    async def begin(self, name: str, *, length: int = 100) -> int:
        """Send the first half of a body, and never the rest."""

        async def receive() -> Message:
            if self.reading.count(name) == 1:
                return {"type": "http.request", "body": b'{"title":', "more_body": True}
            return await asyncio.Event().wait()  # type: ignore[return-value]

        return await self.knock(name, receive=receive, length=length)


async def turns() -> None:
    """Let everybody do what they can do now."""
    for _ in range(50):
        await asyncio.sleep(0)


stored: list[Delivery] = []


async def store(deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
    stored.extend(deliveries)
    return [Receipt(each.id, tuple((Verdict.OPENED, None) for _ in each.events)) for each in deliveries]


async def known(key: str) -> Integration:
    return a_known_integration(provider={"large": "alertmanager"}.get(key, key if key in SPEAKS else "generic"))


@dataclass
class AlwaysAsks:
    """A catalogue that has nothing in memory."""

    find: Callable[[str], Awaitable[Integration | None]]

    def known(self, _key: str) -> Integration | None:
        return None


@asynccontextmanager
async def a_door(find: Callable[[str], Awaitable[Integration | None]] = known) -> AsyncIterator[Door]:
    clock = FastClock()
    intake = Intake([store], clock=clock, committed=lambda _: None)
    lane = asyncio.get_running_loop().create_task(intake.run())
    yield Door(IngestRoutes(no_page, intake=intake, clock=clock, catalogue=AlwaysAsks(find)), clock)
    lane.cancel()


async def test_senders_that_never_finish_do_not_keep_the_others_out():
    async with a_door() as door, asyncio.TaskGroup() as group:
        stuck = [group.create_task(door.begin(f"stuck {number}")) for number in range(SHARE)]
        await turns()
        door.clock.ahead_s = BODY_WITHIN_S + 1

        async with asyncio.timeout(PATIENCE_S):
            status = await door.send()

        for each in stuck:
            each.cancel()
    assert status == 202


async def test_a_sender_that_never_finishes_is_told_so_when_its_place_is_needed():
    async with a_door() as door, asyncio.TaskGroup() as group:
        stuck = [group.create_task(door.begin(f"stuck {number}")) for number in range(SHARE)]
        await turns()
        door.clock.ahead_s = BODY_WITHIN_S + 1
        await door.send()

        async with asyncio.timeout(PATIENCE_S):
            assert [await each for each in stuck] == [503] * SHARE


async def test_of_one_integration_only_a_few_large_bodies_are_in_memory_at_once():
    async with a_door() as door, asyncio.TaskGroup() as group:
        large = [group.create_task(door.begin(f"large {number}", length=LARGE + 1)) for number in range(20)]
        await turns()

        quick = await door.send()

        for each in large:
            each.cancel()
    assert len({name for name in door.reading if name.startswith("large")}) == LARGE_AT_ONCE // 2
    assert quick == 202


async def test_large_bodies_that_never_come_do_not_keep_other_large_ones_out():
    body = json.dumps({"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "a" * 99}}] * 9_000})
    async with a_door() as door, asyncio.TaskGroup() as group:
        stuck = [group.create_task(door.begin(f"stuck {number}", length=LARGE + 1)) for number in range(LARGE_AT_ONCE)]
        await turns()
        door.clock.ahead_s = BODY_WITHIN_S + 1

        async with asyncio.timeout(PATIENCE_S):
            status = await door.send("large", body.encode())

        for each in stuck:
            each.cancel()
    assert len(body) > LARGE
    assert status == 202


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError()])
async def test_a_key_that_cannot_be_looked_up_now_is_no_mistake_of_ours(error: Exception):
    async def find(_key: str) -> Integration | None:
        raise error

    async with a_door(find) as door:
        assert await door.send() == 503


@pytest.mark.parametrize(
    ("provider", "body", "content_type", "said"),
    [
        (
            "statuscake",
            b"Name=Shop+front&Status=Down&TestID=77&URL=https%3A%2F%2Fshop.example.org&StatusCode=500",
            FORM,
            ("statuscake:test:77", "error", "https://shop.example.org"),
        ),
        (
            "statuscake",
            b'{"Name": "Shop front", "Status": "Down", "TestID": "77"}',
            FORM,
            ("statuscake:test:77", "error", ""),
        ),
        (
            "uptime_kuma",
            (
                b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
                b'{"heartbeat": {"status": 0, "msg": "timeout"}, "monitor": {"id": 7, "name": "Shop front"}}'
                b"\r\n--b--\r\n"
            ),
            "multipart/form-data; boundary=b",
            ("uptime_kuma:monitor:7", "error", ""),
        ),
        (
            "zabbix",
            b"event_id=41&event_name=Belt+stopped&event_status=PROBLEM&event_nseverity=4&host_name=depot-4",
            f"{FORM}; charset=UTF-8",
            ("zabbix:event:41", "error", "depot-4"),
        ),
    ],
    ids=["in fields", "JSON that curl calls a form", "in parts", "of a script that its user wrote"],
)
async def test_a_form_is_read_where_its_monitor_sends_such(
    provider: str, body: bytes, content_type: str, said: tuple[str, str, str]
):
    async with a_door() as door:
        status = await door.send(provider, body, content_type=content_type)

    [event] = stored[-1].events
    assert status == 202
    assert isinstance(event, Event)
    assert event.action == "trigger"
    assert (event.dedup_key, event.severity, event.source) == said


async def test_a_form_of_another_monitor_is_refused():
    async with a_door() as door:
        assert await door.send("large", b"title=Disk+full", content_type=FORM) == 400


async def test_a_monitors_own_name_for_a_delivery_tells_its_retries():
    run = {"action": "completed", "workflow_run": {"id": 1, "name": "CI", "head_branch": "main",
           "conclusion": "failure"}, "repository": {"full_name": "example/shop"}}  # fmt: skip
    async with a_door() as door:
        await door.send("github", json.dumps(run).encode(), x_github_event="workflow_run", x_github_delivery="d-1")

    assert stored[-1].idempotency_key == "x-github-delivery:d-1"


async def test_the_senders_own_key_goes_before_its_monitors():
    async with a_door() as door:
        await door.send("github", EVENT, x_github_delivery="d-1", idempotency_key="mine")

    assert stored[-1].idempotency_key == "mine"


@pytest.mark.parametrize(("kind", "body", "status"), [("quick", EVENT, 429), ("large", ALERTS, 503)])
async def test_a_storm_is_asked_to_come_back_in_the_words_its_kind_of_sender_heeds_and_its_people_are_told_once(
    kind: str, body: bytes, status: int
):
    clock, integration = FastClock(), await known(kind)
    intake = Intake([store], clock=clock, committed=lambda _: None)
    while not intake.refuses(integration):
        intake.enqueue(Delivery(new_id(), integration, (), b""))
    door = Door(IngestRoutes(no_page, intake=intake, clock=clock, catalogue=AlwaysAsks(known)), clock)
    stored.clear()

    answered = await asyncio.gather(door.send(kind, body), door.send(kind, body))

    lane = asyncio.get_running_loop().create_task(intake.run())
    async with asyncio.timeout(PATIENCE_S):
        while intake.depth:
            await turns()
    lane.cancel()
    assert answered == [status, status]
    assert [each.throttled for each in stored if each.refusal] == [True]


async def test_who_is_told_to_send_again_is_counted_and_what_cannot_be_stored_yet_is_counted_on():
    clock, integration = FastClock(), await known("quick")
    intake = Intake([store], clock=clock, committed=lambda _: None)
    while not intake.refuses(integration):
        intake.enqueue(Delivery(new_id(), integration, (), b""))
    routes = IngestRoutes(no_page, intake=intake, clock=clock, catalogue=AlwaysAsks(known))
    written: list[Turned] = []

    async def away(_counted: Sequence[Turned]) -> None:
        raise ConnectionRefusedError

    async def there(counted: Sequence[Turned]) -> None:
        written.extend(counted)

    await Door(routes, clock).send("quick", EVENT)
    await routes.away.counted.store_counted(away)
    await Door(routes, clock).send("quick", EVENT)
    await routes.away.counted.store_counted(there)
    await routes.away.counted.store_counted(there)

    assert [(one.integration_id, one.too_many, one.no_database) for one in written] == [(integration.id, 2, 0)]


async def test_an_address_may_be_as_long_as_a_body_and_no_longer():
    async with a_door() as door:
        before = len(stored)
        fits = await door.knock(
            "statuscake", receive=nobody_waits_for_it, query=b"Name=Shop&Status=Down&x=" + b"x" * 60_000
        )
        over = await door.knock("statuscake", receive=nobody_waits_for_it, query=b"Name=" + b"x" * LARGE)

    assert (fits, over) == (202, 413)
    assert [len(each.body) for each in stored[before:]] == [60_024, KEPT_OF_REFUSED]


async def nobody_waits_for_it() -> Message:
    raise AssertionError("what stands in the address has no body to wait for")
