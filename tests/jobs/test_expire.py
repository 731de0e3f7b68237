"""When silence counts: not after a start, and not after the database was away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from opsknight.deps import Deps
from opsknight.domain.commands import expiries
from opsknight.domain.commands.hearing import mark_hearing
from opsknight.domain.model.event import dedup_sha
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AlertRow, ReroutedKeyRow
from opsknight.jobs.expire import DEAF_AFTER_S, LISTEN_S, Expirer
from opsknight.settings import Settings
from tests.builders import a_service, a_stored_incident, an_alert
from tests.clock import NOON, StoppedClock
from tests.conftest import Acting


class FastClock(StoppedClock):
    """Its monotonic clock is moved by the test, too."""

    at_s = 0.0

    def monotonic(self) -> float:
        return self.at_s


@pytest.fixture
async def expirer(database: Database, acting: Acting) -> Expirer:
    """One that has just started, and an open alert whose monitor fell silent long ago."""
    deps = Deps(Settings(_env_file=None), FastClock())
    await deps.open(database)
    service = await a_service(database)
    alert = await an_alert(database, await a_stored_incident(database, service), integration_id=1)
    async with acting("integration:1") as uow:
        told = expiries.Told(alert.dedup_sha, NOON, expires_at=NOON - timedelta(minutes=1))
        await expiries.note(uow, service.id, [told])
    return Expirer(deps)


async def marked(expirer: Expirer, *, before: timedelta = timedelta(0)) -> None:
    """Let the process that takes events mark that it hears, so long before now."""
    deps = expirer._deps
    assert isinstance(deps.clock, FastClock)
    deps.clock.at -= before
    async with deps.engine_commands("system:hearing") as uow:
        await mark_hearing(uow)
    deps.clock.at += before


async def ended_after(expirer: Expirer, *seconds: float) -> list[int]:
    """Return what was ended by sweeps so many seconds after the start."""
    clock = expirer._deps.clock
    assert isinstance(clock, FastClock)
    ended: list[int] = []
    for clock.at_s in seconds:
        ended.append(await expirer.sweep())
    return ended


async def test_after_a_start_monitors_may_repeat_themselves_first(expirer: Expirer):
    steps = [float(second) for second in range(0, int(LISTEN_S), 10)]

    assert not any(await ended_after(expirer, *steps))
    assert await ended_after(expirer, LISTEN_S) == [1]


async def test_after_a_fault_they_may_again(expirer: Expirer):
    steps = [float(second) for second in range(0, int(LISTEN_S) - 1, 10)]
    await ended_after(expirer, *steps)
    deaf_until = steps[-1] + DEAF_AFTER_S + 1

    assert await ended_after(expirer, deaf_until, deaf_until + 10) == [0, 0]


async def test_nothing_ends_while_the_process_that_takes_events_is_away_nor_before_monitors_repeated_themselves(
    expirer: Expirer,
):
    listened = [float(second) for second in range(0, int(LISTEN_S), 10)]
    await ended_after(expirer, *listened)
    await marked(expirer, before=timedelta(minutes=5))
    away = await ended_after(expirer, LISTEN_S)

    await marked(expirer)
    back = await ended_after(expirer, LISTEN_S + 1)
    clock = expirer._deps.clock
    assert isinstance(clock, FastClock)
    for _ in range(15):
        clock.advance(timedelta(seconds=10))
        await marked(expirer)

    assert (away, back, await ended_after(expirer, LISTEN_S + 2)) == ([0], [0], [1])


async def test_what_a_rule_sent_to_another_service_ends_there(database: Database, acting: Acting, expirer: Expirer):
    service, own_sha = await a_service(database), dedup_sha("its own")
    alert = await an_alert(database, await a_stored_incident(database, service), integration_id=1)
    async with acting("integration:1") as uow:
        to = {"to_service_id": service.id, "to_sha": alert.dedup_sha, "dedup_key": alert.dedup_key}
        uow.session.add(ReroutedKeyRow(service_id=999, own_sha=own_sha, at=NOON, **to))
        await expiries.note(uow, 999, [expiries.Told(own_sha, NOON, expires_at=NOON - timedelta(minutes=1))])

    await ended_after(expirer, 0.0, *(float(second) for second in range(10, int(LISTEN_S), 10)))
    await ended_after(expirer, LISTEN_S)

    async with database.screens() as session:
        assert list(await session.scalars(select(AlertRow.status))) == ["resolved", "resolved"]
