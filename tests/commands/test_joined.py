"""More alerts of an acknowledged incident: its owner hears of them once, bundled (semantics 2.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands.incidents import acknowledge, resolve
from opsknight.domain.commands.rules import create
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from tests.builders import a_manager, a_service, an_event
from tests.clock import StoppedClock
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor
from tests.commands.quiet import a_monitor_of, planned

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def checkout(database: Database, desk: Desk) -> ServiceRow:
    return await a_service(database, "Checkout", pages=[desk.user])


@pytest.fixture
async def monitor(database: Database, desk: Desk, clock: StoppedClock, checkout: ServiceRow) -> Monitor:
    """A monitor whose alerts of one hour are one incident, which is open already and that Ada has acknowledged."""
    manager = await a_manager(database)
    rule = {"name": "One hour", "when": "true", "group": {"within": "1h"}}
    await desk.as_(manager, create, rule, service_id=checkout.id)
    monitor = await a_monitor(database, clock, checkout)
    await monitor.take(an_event(dedup_key="a"))
    await desk.do(acknowledge, (await monitor.rows("SELECT id FROM incidents"))[0][0])
    clock.advance(MINUTE)
    return monitor


async def test_the_owner_is_told_once_of_all_that_join_together(monitor: Monitor, clockwork: Clockwork, desk: Desk):
    await monitor.take(an_event(dedup_key="b"), an_event(dedup_key="c"))
    await monitor.take(an_event(dedup_key="d"))

    early = await clockwork.run(after=timedelta(seconds=9))
    await clockwork.run(after=timedelta(seconds=1))
    await clockwork.run(after=MINUTE)

    assert early == 0
    told = await clockwork.rows("SELECT kind, reason, user_id FROM pages")
    assert told == [("joined", "3 more alerts have joined the incident that you own", desk.user.id)]
    assert await clockwork.rows("SELECT status, count(*) FROM notifications GROUP BY status") == [("queued", 1)]
    assert await clockwork.rows("SELECT kind FROM timers") == [("ack_timeout",)]


async def test_what_joins_soon_after_is_told_when_five_minutes_are_over(monitor: Monitor, clockwork: Clockwork):
    await monitor.take(an_event(dedup_key="b"))
    await clockwork.run(after=timedelta(seconds=10))
    await monitor.take(an_event(dedup_key="c"))
    await clockwork.run(after=timedelta(seconds=10))

    still_one = len(await clockwork.paged())
    await clockwork.run(after=5 * MINUTE - timedelta(seconds=10))

    assert (still_one, len(await clockwork.paged())) == (1, 2)


async def test_an_alert_that_comes_again_is_not_told(monitor: Monitor, clockwork: Clockwork):
    await monitor.take(an_event(dedup_key="a"))
    await clockwork.run(after=MINUTE)

    assert await clockwork.paged() == []


async def test_what_was_resolved_meanwhile_is_not_told(monitor: Monitor, clockwork: Clockwork, desk: Desk):
    await monitor.take(an_event(dedup_key="b"))
    await desk.do(resolve, (await monitor.rows("SELECT id FROM incidents"))[0][0])

    await clockwork.run(after=MINUTE)

    assert await clockwork.paged() == []
    assert await clockwork.rows("SELECT kind FROM timers") == []


async def test_under_maintenance_nobody_is_told(
    monitor: Monitor, clockwork: Clockwork, desk: Desk, checkout: ServiceRow
):
    assert (await monitor.rows("SELECT status FROM incidents")) == [("acknowledged",)]
    await planned(desk, service_id=checkout.id)
    monitor = await a_monitor_of(desk, checkout)
    await monitor.take(an_event(dedup_key="b"))

    await clockwork.run(after=MINUTE)

    assert await clockwork.paged() == []
