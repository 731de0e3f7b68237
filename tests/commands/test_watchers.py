"""Watching an incident: being told what becomes of it, once, quietly, without being reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import watchers
from opsknight.domain.commands.incidents import acknowledge, reassign, reopen, resolve, snooze
from opsknight.domain.commands.watchers import tell, unwatch, watch
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.builders import a_stored_incident, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.desk import Desk

MINUTE = timedelta(minutes=1)
PAGES = "SELECT u.name, p.kind, p.reason FROM pages p JOIN users u ON u.id = p.user_id ORDER BY p.created_at, p.id"


@pytest.fixture
async def bo(database: Database) -> UserRow:
    return await a_user(database, "Bo")


@pytest.fixture
async def watched(database: Database, desk: Desk, bo: UserRow) -> IncidentRow:
    """An open incident that Bo watches."""
    incident = await a_stored_incident(database, timer="escalation")
    await desk.as_(bo, watch, incident.id)
    return incident


async def told(desk: Desk) -> list[tuple[Any, ...]]:
    await desk.as_("housekeeping:watchers", tell)
    return await desk.rows(PAGES)


async def test_a_watcher_is_told_what_others_do_by_one_quiet_message(desk: Desk, watched: IncidentRow):
    await desk.do(acknowledge, watched.id)
    await desk.do(resolve, watched.id)

    assert await told(desk) == [("Bo", "watch", "Ada acknowledged it. Ada resolved it.")]
    assert await desk.rows("SELECT urgency, status, gather FROM notifications") == [("low", "queued", True)]
    assert await desk.told(watched.id, "watchers told") == {"people": ["Bo"]}


async def test_nothing_is_told_twice(desk: Desk, watched: IncidentRow, clock: StoppedClock):
    await desk.do(acknowledge, watched.id)

    await told(desk)
    clock.advance(2 * MINUTE)

    assert len(await told(desk)) == 1


async def test_who_was_told_lately_hears_the_rest_when_a_minute_is_over(
    desk: Desk, watched: IncidentRow, clock: StoppedClock
):
    await desk.do(acknowledge, watched.id)
    await told(desk)
    clock.advance(MINUTE / 2)
    await desk.do(resolve, watched.id)
    await desk.do(reopen, watched.id)

    early = await told(desk)
    clock.advance(MINUTE)

    assert len(early) == 1
    assert (await told(desk))[1:] == [
        ("Bo", "watch", "Ada resolved it. Ada reopened it; paging starts at the first step.")
    ]


async def test_each_thing_that_happens_later_has_a_message_of_its_own(
    desk: Desk, watched: IncidentRow, clock: StoppedClock
):
    await desk.do(acknowledge, watched.id)
    await told(desk)
    clock.advance(2 * MINUTE)
    await desk.do(resolve, watched.id)

    assert [reason for *_, reason in await told(desk)] == ["Ada acknowledged it.", "Ada resolved it."]


async def test_what_is_not_worth_a_message_makes_none(desk: Desk, watched: IncidentRow, bo: UserRow):
    await desk.do(snooze, watched.id, until=NOON + timedelta(hours=1))
    await desk.as_(bo, acknowledge, watched.id)

    assert await told(desk) == []


async def test_who_watches_no_more_is_told_no_more(desk: Desk, watched: IncidentRow, bo: UserRow):
    done = await desk.as_(bo, unwatch, watched.id)
    await desk.do(resolve, watched.id)

    assert done.sentence == "You watch “Disk full on db-1” no more."
    assert await told(desk) == []


async def test_a_message_that_waits_outlives_what_happens_next(desk: Desk, watched: IncidentRow, database: Database):
    await desk.do(acknowledge, watched.id)
    await told(desk)

    await desk.do(reassign, watched.id, to=(await a_user(database, "Cy")).id)

    assert await desk.statuses("notifications", watched.id) == ["queued"]


async def test_messages_of_several_incidents_go_together(
    desk: Desk, watched: IncidentRow, bo: UserRow, database: Database
):
    second = await a_stored_incident(database)
    await desk.as_(bo, watch, second.id)
    for incident in (watched, second):
        await desk.do(resolve, incident.id)

    await told(desk)

    assert await desk.rows("SELECT count(DISTINCT due_at), count(*), bool_and(gather) FROM notifications") == [
        (1, 2, True)
    ]


async def test_watching_twice_changes_nothing_and_who_cannot_be_told_hears_so(desk: Desk, database: Database):
    incident = await a_stored_incident(database)
    cy = await a_user(database, "Cy", reachable=False)

    first = await desk.do(watch, incident.id)
    again = await desk.do(watch, incident.id)
    unreachable = await desk.as_(cy, watch, incident.id)

    assert (first.changed, again.changed) == (True, False)
    assert "cannot be told: verify a contact method" in unreachable.sentence
    assert await desk.facts(incident.id) == ["watched", "watched"]


async def test_a_week_after_the_end_nobody_watches_any_more(desk: Desk, watched: IncidentRow, clock: StoppedClock):
    await desk.do(resolve, watched.id)
    clock.advance(watchers.FORGOTTEN_AFTER + MINUTE)

    await told(desk)

    assert await desk.rows("SELECT 1 FROM watchers") == []
