"""A test event goes in as its monitor's would, also where only what is signed is taken: the press proves enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import trying
from opsknight.api.ingest import IngestRoutes
from opsknight.api.intake import Intake
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from tests.api.house import FROM_US, House
from tests.builders import an_integration


async def no_page(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("no request of these tests goes past ingest")


@dataclass
class Desk:
    """A house that takes events, with an integration that takes only what GitHub signed."""

    house: House
    integration: IntegrationRow

    async def send(self, event: Any, *, to: int | None = None, role: str = "manager") -> httpx.Response:
        path = f"/api/v1/integrations/{to or self.integration.id}/test-event"
        headers = {**await self.house.signed_in(role=role, name="Ada"), **FROM_US}
        return await self.house.client.post(path, json=event, headers=headers)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.house.database.screens() as session:
            return [tuple(row) for row in await session.execute(text(sql))]


@pytest.fixture
async def desk(house: House, database: Database) -> AsyncIterator[Desk]:
    integration = await an_integration(database, provider="github", secret="Violet hinges creak", name="Builds")
    deps = house.deps
    await deps.catalogue.load()
    intake = Intake([lane.store for lane in deps.lanes], clock=deps.clock, committed=lambda _: None)
    deps.door = IngestRoutes(no_page, intake=intake, clock=deps.clock, catalogue=deps.catalogue)
    house.routes.include_router(trying.router(deps))
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(intake.run()), group.create_task(intake.run_patience())]
        yield Desk(house, integration)
        for task in running:
            task.cancel()
    for lane in deps.lanes:
        await lane.close()


SAMPLE = dict(PROVIDERS["github"].sample)


async def test_a_test_event_opens_an_incident_though_nobody_signed_it(desk: Desk):
    answer = await desk.send(SAMPLE)

    assert (answer.status_code, answer.json()["events"][0]["verdict"]) == (200, "opened"), answer.text
    assert len(await desk.rows("SELECT 1 FROM incidents WHERE status = 'open'")) == 1


async def test_the_ledger_says_who_sent_it(desk: Desk):
    answer = await desk.send(SAMPLE)

    ((actor, data),) = await desk.rows("SELECT actor, data FROM facts WHERE kind = 'test event sent'")
    assert actor.startswith("user:")
    assert data == {"name": "Builds", "delivery_id": answer.json()["delivery_id"]}


async def test_what_its_kind_of_monitor_never_sends_is_refused_and_leaves_no_trace(desk: Desk):
    answer = await desk.send({})

    assert answer.status_code == 422
    assert await desk.rows("SELECT 1 FROM deliveries") == []
    assert await desk.rows("SELECT 1 FROM facts WHERE kind = 'test event sent'") == []


async def test_only_those_who_may_see_its_key_send_one(desk: Desk):
    assert (await desk.send(SAMPLE, role="responder")).status_code == 403


async def test_no_test_event_goes_to_an_integration_that_is_not_there(desk: Desk):
    assert (await desk.send(SAMPLE, to=999)).status_code == 404
