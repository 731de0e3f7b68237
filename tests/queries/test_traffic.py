"""How much an integration received: each delivery in its hour, refused ones among them."""

from __future__ import annotations

from datetime import timedelta

from opsknight.domain.model.event import Unreadable
from opsknight.domain.queries.traffic import HOURS, hours
from opsknight.domain.store.engine import Database
from tests.builders import a_service, an_event
from tests.clock import NOON, StoppedClock
from tests.commands.monitors import a_monitor


async def test_every_delivery_counts_in_the_hour_in_which_it_came(database: Database, clock: StoppedClock):
    monitor = await a_monitor(database, clock, await a_service(database))
    clock.at = NOON - timedelta(hours=23)
    await monitor.store(monitor.delivery(an_event(), an_event()))
    clock.at = NOON - timedelta(hours=23, seconds=1)
    await monitor.take(an_event())
    clock.at = NOON + timedelta(minutes=59)
    await monitor.store(monitor.delivery(Unreadable("It lacks a title.")), monitor.delivery(refusal="It is no JSON."))
    await monitor.take(an_event())

    async with database.screens() as session:
        told = await hours(session, monitor.integration.id, now=clock.at)

    assert len(told) == HOURS
    assert [(hour.starts_at, hour.deliveries, hour.refused) for hour in told if hour.deliveries] == [
        (NOON - timedelta(hours=23), 1, 0), (NOON, 3, 2),
    ]  # fmt: skip
