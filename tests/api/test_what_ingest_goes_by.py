"""What people configure counts for the next event that is sent, without waiting for the ledger to be read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.deps import Catalogue
from opsknight.domain.commands import inhibitions, maintenance, service_quiet
from opsknight.domain.model.maintenance import Times
from opsknight.domain.model.matcher import Matcher, Op
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from tests.api.a_door import Door, a_door
from tests.bounds import PATIENCE_S
from tests.builders import an_integration
from tests.clock import NOON, StoppedClock

Change = Callable[[UnitOfWork, IntegrationRow], Awaitable[object]]


@pytest.fixture
async def door(database: Database, clock: StoppedClock) -> AsyncIterator[Door]:
    async with a_door(database, clock) as opened:
        yield opened


async def plan_maintenance(uow: UnitOfWork, integration: IntegrationRow) -> object:
    times = Times(zone="UTC", starts_at=NOON.replace(tzinfo=None), length=timedelta(hours=1))
    return await maintenance.plan(uow, maintenance.Plan("Upgrade", times, integration.service_id, None, ()))


async def inhibit_hosts(uow: UnitOfWork, _: IntegrationRow) -> object:
    switch, host = (Matcher("title", Op.STARTS_WITH, (word,)) for word in ("Switch", "Host"))
    return await inhibitions.create(uow, inhibitions.Rule("Switch before hosts", (switch,), (host,), ()))


async def page_quietly(uow: UnitOfWork, integration: IntegrationRow) -> object:
    return await service_quiet.set_urgency(uow, integration.service_id, "low", None)


async def how(door: Door, integration: IntegrationRow, title: str) -> tuple[str, str]:
    """Send a critical event; return the status and the urgency of its incident."""
    sent = json.dumps({"title": title, "dedup_key": title, "severity": "critical"}).encode()
    answer = await door.send(integration, sent, {})
    assert answer.status_code == 202, answer.text
    async with door.deps.reading() as session:
        found = await session.execute(text("SELECT status, urgency FROM incidents WHERE title = :it"), {"it": title})
        status, urgency = found.one()
        return status, urgency


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (plan_maintenance, ("suppressed", "high")),
        (inhibit_hosts, ("suppressed", "high")),
        (page_quietly, ("open", "low")),
    ],
)
async def test_the_event_sent_after_a_change_is_read_by_it(door: Door, change: Change, expected: tuple[str, str]):
    integration = await door.integration("generic", "")
    await how(door, integration, "Switch is away")

    async with door.deps.commands("system:test") as uow:
        await change(uow, integration)

    assert await how(door, integration, "Host is away") == expected


async def test_a_change_that_cannot_be_read_now_does_not_fail_and_is_read_as_soon_as_it_can_be(door: Door):
    integration = await an_integration(door.database)
    broken = [ConnectionError("the database is away")]

    @asynccontextmanager
    async def read() -> AsyncIterator[AsyncSession]:
        if broken:
            raise broken.pop()
        async with door.deps.reading() as session:
            yield session

    catalogue = Catalogue(read, clock=door.deps.clock)
    await catalogue.refresh()

    assert catalogue.known(integration.key) is None
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
        rereading = group.create_task(catalogue.run())
        while catalogue.known(integration.key) is None:  # noqa: ASYNC110  # it has no event to wait for
            await asyncio.sleep(0.01)
        rereading.cancel()
