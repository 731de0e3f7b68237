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
from opsknight.domain.commands import maintenance, rules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from tests.api.house import FROM_US, House
from tests.builders import a_user, an_integration
from tests.commands.quiet import a_plan


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

    async def ruled(self, **parts: Any) -> None:
        """Let a rule decide on whatever is sent."""
        async with self.house.deps.commands(f"user:{await self._manager()}") as uow:
            await rules.create(uow, {"name": "Of all", "when": "true", **parts}, service_id=None)
        await self.house.deps.catalogue.load()

    async def planned(self, name: str) -> None:
        """Begin a maintenance of everything."""
        async with self.house.deps.commands(f"user:{await self._manager()}") as uow:
            await maintenance.plan(uow, a_plan(name=name))
        await self.house.deps.catalogue.load()

    async def _manager(self) -> int:
        return (await a_user(self.house.database, "Grace", role="manager")).id

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


async def test_it_says_which_incident_opens(desk: Desk):
    answer = await desk.send(SAMPLE)

    ((number,),) = await desk.rows("SELECT number FROM incidents")
    assert answer.json()["sentence"] == f"Sent: #{number} opens on the board. Resolve it when you have seen it."


async def test_one_that_comes_again_says_that_it_is_counted(desk: Desk):
    await desk.send(SAMPLE)

    answer = await desk.send(SAMPLE)

    ((number,),) = await desk.rows("SELECT number FROM incidents")
    assert answer.json()["sentence"] == (
        f"Sent: it is counted on #{number}, which is open already. Resolve that first to see one open."
    )


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"then": "drop"}, "Sent, and a rule drops it: nothing opens."),
        (
            {"threshold": {"count": 3, "within": "10m"}},
            "Sent, and a rule counts it: nothing opens until more like it have come.",
        ),
        (
            {"then": "suppress"},
            "Sent: #{number} opens and is suppressed by a rule: nobody is paged. Resolve it when you have seen it.",
        ),
        (
            {"pause": "5m"},
            "Sent: #{number} opens, and a rule pauses it: it pages if it is still unresolved by then.",
        ),
    ],
)
async def test_it_says_what_a_rule_makes_of_it(desk: Desk, parts: dict[str, Any], sentence: str):
    await desk.ruled(**parts)

    answer = await desk.send(SAMPLE)

    numbers = [number for (number,) in await desk.rows("SELECT number FROM incidents")]
    assert answer.json()["sentence"] == sentence.format(number=numbers[0] if numbers else "")


async def test_it_says_that_it_joins_an_incident(desk: Desk):
    await desk.ruled(group={"within": "10m"})
    await desk.send(SAMPLE)

    answer = await desk.send({**SAMPLE, "workflow_run": {**SAMPLE["workflow_run"], "workflow_id": 99}})

    ((number,),) = await desk.rows("SELECT number FROM incidents")
    assert answer.json()["sentence"] == f"Sent: it joins #{number}, which is open already."


async def test_under_maintenance_it_says_that_nobody_is_paged_and_why(desk: Desk):
    await desk.planned("DB upgrade")

    said = (await desk.send(SAMPLE)).json()["sentence"]

    assert "opens and is suppressed (" in said
    assert "DB upgrade" in said
    assert "nobody is paged" in said


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
