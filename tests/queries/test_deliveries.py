"""What an integration received: the newest first, each with what its events did, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.model.event import Action, Unreadable
from opsknight.domain.queries.deliveries import TOLD_APART, last_deliveries, newest_at, stored_delivery
from opsknight.domain.store.engine import Database
from opsknight.errors import NotFound
from tests.builders import a_service, an_event
from tests.clock import NOON, StoppedClock
from tests.commands.monitors import Monitor, a_monitor


@pytest.fixture
async def monitor(database: Database, clock: StoppedClock) -> Monitor:
    return await a_monitor(database, clock, await a_service(database))


async def test_deliveries_are_told_newest_first_with_what_each_event_did(
    monitor: Monitor, database: Database, clock: StoppedClock
):
    await monitor.take(an_event(title="Disk full"))
    clock.advance(timedelta(minutes=1))
    await monitor.take(an_event(action=Action.RESOLVE))
    await monitor.take(an_event(action=Action.RESOLVE))

    async with database.screens() as session:
        lines = await last_deliveries(session, monitor.integration.id)

    assert [[(event["verdict"], event["incident"]) for event in line["events"]] for line in lines] == [
        [("nothing open", 1)], [("resolved", 1)], [("opened", 1)],
    ]  # fmt: skip
    assert lines[2]["events"][0]["title"] == "Disk full"


async def test_of_many_events_the_first_are_told_and_the_verdicts_of_all_counted(monitor: Monitor, database: Database):
    await monitor.store(monitor.delivery(*(an_event() for _ in range(30)), Unreadable("It lacks a title.")))

    async with database.screens() as session:
        (line,) = await last_deliveries(session, monitor.integration.id)

    assert len(line["events"]) == TOLD_APART
    assert line["verdicts"] == {"opened": 1, "occurrence": 29, "unreadable": 1}
    assert (line["status"], line["reason"]) == ("unreadable", "It lacks a title.")


async def test_the_reject_log_tells_only_what_was_not_understood(monitor: Monitor, database: Database):
    await monitor.take(an_event())
    await monitor.store(monitor.delivery(refusal="It is no JSON."))

    async with database.screens() as session:
        refused = await last_deliveries(session, monitor.integration.id, refused=True)

    assert [(line["status"], line["reason"]) for line in refused] == [("rejected", "It is no JSON.")]


async def test_another_integrations_deliveries_are_not_told(monitor: Monitor, database: Database, clock: StoppedClock):
    other = await a_monitor(database, clock, await a_service(database))
    (receipt,) = await monitor.store(monitor.delivery(an_event()))

    async with database.screens() as session:
        assert await last_deliveries(session, other.integration.id) == []
        assert await newest_at(session, other.integration.id) is None
        assert await newest_at(session, monitor.integration.id) == NOON
        with pytest.raises(NotFound):
            await stored_delivery(session, other.integration.id, receipt.delivery_id)
