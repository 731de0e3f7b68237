"""The sweep that wakes what no timer wakes: it finds its work, and nothing where nobody uses any of this."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.deps import Deps
from opsknight.domain.commands import service_quiet
from opsknight.domain.model.support_hours import Part, SupportHours
from opsknight.domain.store.engine import Database
from opsknight.jobs.wake import Waker
from opsknight.settings import Settings
from tests.builders import a_service, a_stored_incident, a_user
from tests.clock import StoppedClock
from tests.conftest import Acting


@pytest.fixture
async def waker(database: Database, clock: StoppedClock) -> Waker:
    deps = Deps(Settings(_env_file=None), clock)
    await deps.open(database)
    return Waker(deps)


async def test_where_nothing_rests_there_is_nothing_to_do(waker: Waker, database: Database):
    await a_stored_incident(database, alert=True, timer="escalation")

    assert await waker.sweep() == 0


async def test_it_raises_what_is_quiet_when_support_hours_begin_and_then_no_more(
    waker: Waker, database: Database, acting: Acting, clock: StoppedClock
):
    admin, service = await a_user(database, role="admin"), await a_service(database)
    async with acting(f"user:{admin.id}") as uow:
        hours = SupportHours("UTC", (Part(2, 13 * 60, 14 * 60),))
        await service_quiet.set_urgency(uow, service.id, "support_hours", hours)
    await a_stored_incident(database, service, urgency="low", timer="escalation")
    clock.advance(timedelta(hours=1))

    assert [await waker.sweep() for _ in range(3)] == [1, 0, 0]
