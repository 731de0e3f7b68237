"""A refused delivery goes in again once it can be read: as a new one, told by the ledger, and nothing counts twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import replays
from opsknight.api.ingest import IngestRoutes
from opsknight.api.intake import Intake
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from tests.api.house import FROM_US, House
from tests.builders import an_integration

ALIEN = {"check": "Disk full on db-1"}
MENDED = {"fields": {"title": "check"}}


async def no_page(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("no request of these tests goes past ingest")


@dataclass
class Desk:
    """A house that takes events, with one generic integration and a manager."""

    house: House
    integration: IntegrationRow
    headers: dict[str, str]
    door: IngestRoutes

    async def send(self, *bodies: object) -> None:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.door), base_url="http://localhost:8080")  # type: ignore[arg-type]
        for body in bodies:
            await client.post(f"/api/v1/events/{self.integration.key}", content=json.dumps(body))

    async def replay(self, delivery_id: str, **headers: str) -> httpx.Response:
        path = f"/api/v1/integrations/{self.integration.id}/deliveries/{delivery_id}/replay"
        return await self.house.client.post(path, headers={**self.headers, **headers})

    async def mend(self, mapping: object = MENDED) -> None:
        """Have the integration find its fields by `mapping` from now on."""
        async with self.house.database.commands() as session:
            await session.execute(text("UPDATE integrations SET mapping = :it"), {"it": json.dumps(mapping)})
            await session.commit()
        await self.house.deps.catalogue.load()

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.house.database.screens() as session:
            return [tuple(row) for row in await session.execute(text(sql))]

    async def refused(self) -> str:
        ((found,),) = await self.rows("SELECT id FROM deliveries WHERE status <> 'accepted'")
        return str(found)


@pytest.fixture
async def desk(house: House, database: Database) -> AsyncIterator[Desk]:
    integration = await an_integration(database, name="Nightly checks")
    deps = house.deps
    await deps.catalogue.load()
    intake = Intake([lane.store for lane in deps.lanes], clock=deps.clock, committed=lambda _: None)
    door = IngestRoutes(no_page, intake=intake, clock=deps.clock, catalogue=deps.catalogue)
    deps.door = door
    house.routes.include_router(replays.router(deps))
    headers = {**await house.signed_in(role="manager", name="Ada"), **FROM_US}
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(intake.run()), group.create_task(intake.run_patience())]
        yield Desk(house, integration, headers, door)
        for task in running:
            task.cancel()
    for lane in deps.lanes:
        await lane.close()


async def test_what_could_not_be_read_opens_its_incident_when_it_is_replayed_after_the_fix(desk: Desk):
    await desk.send(ALIEN)
    await desk.mend()

    answer = await desk.replay(await desk.refused())

    assert (answer.status_code, answer.json()["sentence"]) == (200, "Replayed: 1 opened.")
    assert ("Disk full on db-1",) in await desk.rows("SELECT title FROM incidents")
    assert await desk.rows("SELECT status FROM deliveries ORDER BY id") == [("rejected",), ("accepted",)]


async def test_what_stood_in_an_address_is_replayed_as_well(desk: Desk):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.door), base_url="http://localhost:8080") as client:  # type: ignore[arg-type]
        await client.get(f"/api/v1/events/{desk.integration.key}", params=ALIEN)
    await desk.mend()

    answer = await desk.replay(await desk.refused())

    assert (answer.status_code, answer.json()["sentence"]) == (200, "Replayed: 1 opened.")
    assert ("Disk full on db-1",) in await desk.rows("SELECT title FROM incidents")


async def test_the_ledger_says_who_sent_it_in_again(desk: Desk):
    await desk.send(ALIEN)
    await desk.mend()
    original = await desk.refused()

    answer = await desk.replay(original)

    ((actor, data),) = await desk.rows("SELECT actor, data FROM facts WHERE kind = 'replayed'")
    assert actor.startswith("user:")
    assert data == {"name": "Nightly checks", "delivery_id": original, "replay_id": answer.json()["delivery_id"]}


async def test_what_still_cannot_be_read_is_refused_with_its_reason_and_leaves_no_trace(desk: Desk):
    await desk.send(ALIEN)

    answer = await desk.replay(await desk.refused())

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("It still cannot be read: The event has no title;")
    assert await desk.rows("SELECT count(*) FROM deliveries") == [(1,)]
    assert await desk.rows("SELECT count(*) FROM facts WHERE kind = 'replayed'") == [(0,)]


async def test_of_a_batch_only_the_event_that_was_unreadable_counts_even_if_the_fix_names_the_others_anew(desk: Desk):
    await desk.mend({"events": "all", "fields": {"title": "title"}})
    await desk.send({"all": [{"title": "Good"}, ALIEN]})
    await desk.mend({"events": "all", "fields": {"title": ["title", "check"]}})

    answer = await desk.replay(await desk.refused())

    assert answer.json()["sentence"] == "Replayed: 1 opened."
    counts = await desk.rows("SELECT title, count FROM alerts WHERE dedup_key LIKE 'generic:%' ORDER BY title")
    assert counts == [(":Disk full on db-1", 1), ("Good", 1)]


async def test_a_second_replay_stores_nothing_and_says_so(desk: Desk):
    await desk.send(ALIEN)
    await desk.mend()
    await desk.replay(await desk.refused())

    answer = await desk.replay(await desk.refused())

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "All of it is stored already: nothing is counted twice.",
    )
    assert await desk.rows("SELECT count FROM alerts WHERE title = 'Disk full on db-1'") == [(1,)]


async def test_two_people_who_press_at_once_count_once(desk: Desk):
    await desk.send(ALIEN)
    await desk.mend()
    original = await desk.refused()

    answers = await asyncio.gather(*(desk.replay(original) for _ in range(5)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await desk.rows("SELECT count FROM alerts WHERE title = 'Disk full on db-1'") == [(1,)]


async def test_what_is_left_unreadable_can_be_replayed_again_and_the_rest_is_not_counted_anew(desk: Desk):
    await desk.mend({"events": "all", "fields": {"title": "title"}})
    await desk.send({"all": [ALIEN, {"other": "Queue is long"}, {"check": "Swap full on db-1"}]})
    await desk.mend({"events": "all", **MENDED})
    original = await desk.refused()
    first = await desk.replay(original)
    await desk.mend({"events": "all", **MENDED, "defaults": {"title": "Queue is long"}})

    second = await desk.replay(original)

    assert first.json()["sentence"] == "Replayed: 2 opened. 1 of its events still cannot be read."
    assert second.json()["sentence"] == "Replayed: 1 opened."
    assert sum(count for (count,) in await desk.rows("SELECT count FROM alerts WHERE dedup_key LIKE 'generic:%'")) == 3


async def test_what_was_understood_is_not_replayed(desk: Desk):
    await desk.send({"title": "Good"})
    ((delivery_id,),) = await desk.rows("SELECT id FROM deliveries")

    assert (await desk.replay(str(delivery_id))).status_code == 409


async def test_a_body_of_which_only_the_beginning_was_kept_is_not_replayed(desk: Desk):
    await desk.send({"title": "x" * 1_100_000})

    answer = await desk.replay(await desk.refused())

    assert (answer.status_code, answer.json()["detail"].split(";")[0]) == (
        409,
        "It was too large, and only its beginning was kept",
    )


async def test_a_replay_is_not_for_responders(desk: Desk):
    await desk.send(ALIEN)
    headers = await desk.house.signed_in(role="responder")

    assert (await desk.replay(await desk.refused(), **headers)).status_code == 403


async def test_a_replay_knows_the_headers_that_said_what_the_delivery_is(desk: Desk):
    await desk.mend({"fields": {"title": "data.nothing"}})
    client = httpx.AsyncClient(transport=httpx.ASGITransport(desk.door), base_url="http://localhost:8080")  # type: ignore[arg-type]
    headers = {"ce-type": "disk full", "ce-source": "/db-1", "ce-specversion": "1.0"}
    await client.post(f"/api/v1/events/{desk.integration.key}", content="{}", headers=headers)
    await desk.mend({"fields": {"title": "type", "source": "source"}})

    answer = await desk.replay(await desk.refused())

    assert answer.json()["sentence"] == "Replayed: 1 opened."
    assert ("disk full", "/db-1") in await desk.rows("SELECT title, source FROM alerts")
