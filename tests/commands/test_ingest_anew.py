"""Monitors that begin a new generation: paging starts anew in every respect, and as loudly as it should."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands.incidents import acknowledge
from opsknight.domain.commands.responders import Helpers, ask_for_help
from opsknight.domain.commands.watchers import tell, watch
from opsknight.domain.model.event import Action, Event, Severity
from opsknight.domain.model.intake import Verdict
from opsknight.domain.store.engine import Database
from tests.builders import a_service, a_user, an_event
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor

RESOLVED = an_event(action=Action.RESOLVE)
WARNING, CRITICAL = an_event(severity=Severity.WARNING), an_event(severity=Severity.CRITICAL)
COPIED = 'UPDATE incidents SET policy = \'{"steps": [], "repeats": 0}\''


@pytest.fixture
async def monitor(database: Database, clock: StoppedClock) -> Monitor:
    """A monitor of a service that opens what was resolved less than ten minutes ago again."""
    return await a_monitor(database, clock, await a_service(database, reopen_window_s=600))


async def test_a_raised_urgency_goes_by_the_policy_as_it_is_now(monitor: Monitor):
    await monitor.take(WARNING)
    await monitor.connection.execute(COPIED)

    await monitor.take(CRITICAL)

    assert await monitor.rows("SELECT generation, policy FROM incidents") == [(2, None)]


async def test_a_reopened_incident_goes_by_the_policy_as_it_is_now(monitor: Monitor):
    await monitor.take(CRITICAL, RESOLVED)
    await monitor.connection.execute(COPIED)

    await monitor.take(CRITICAL)

    assert await monitor.rows("SELECT generation, policy FROM incidents") == [(2, None)]


async def test_what_does_not_page_anew_keeps_its_copy_of_the_policy(monitor: Monitor):
    await monitor.take(CRITICAL)
    await monitor.connection.execute(COPIED)

    await monitor.take(an_event(action=Action.ACKNOWLEDGE), WARNING)

    assert await monitor.rows("SELECT policy IS NULL FROM incidents") == [(False,)]


async def test_a_reopened_incident_is_as_severe_and_urgent_as_what_reopened_it(monitor: Monitor):
    await monitor.take(CRITICAL, RESOLVED)

    await monitor.take(WARNING)

    assert await monitor.rows("SELECT severity, urgency FROM incidents") == [("warning", "low")]


async def test_an_incident_that_was_reopened_quietly_pages_loudly_when_it_gets_worse(monitor: Monitor):
    await monitor.take(CRITICAL, RESOLVED)
    await monitor.take(WARNING)

    verdicts = await monitor.take(CRITICAL)

    assert verdicts == [Verdict.RAISED]
    assert await monitor.rows("SELECT urgency, generation FROM incidents") == [("high", 3)]


async def test_an_incident_that_was_reopened_loudly_is_not_raised_by_a_repeat(monitor: Monitor):
    await monitor.take(WARNING, RESOLVED)
    await monitor.take(CRITICAL)

    verdicts = await monitor.take(CRITICAL)

    assert verdicts == [Verdict.OCCURRENCE]
    assert await monitor.rows("SELECT urgency, generation FROM incidents") == [("high", 2)]


async def test_an_alert_that_comes_back_worse_wakes_the_incident_that_others_keep_open(monitor: Monitor):
    await monitor.take(WARNING, an_event(dedup_key="other", severity=Severity.WARNING))
    await monitor.connection.execute(
        "UPDATE alerts SET incident_id = (SELECT id FROM incidents ORDER BY number LIMIT 1)"
    )
    await monitor.take(RESOLVED, an_event(action=Action.ACKNOWLEDGE, dedup_key="other"))

    verdicts = await monitor.take(CRITICAL)

    assert verdicts == [Verdict.REOPENED]
    rows = await monitor.rows("SELECT status, urgency, severity, generation FROM incidents ORDER BY number LIMIT 1")
    assert rows == [("open", "high", "critical", 2)]


async def test_an_acknowledge_stays_where_it_was_when_the_severity_changes(monitor: Monitor, clock: StoppedClock):
    await monitor.take(CRITICAL, an_event(action=Action.ACKNOWLEDGE))
    before = await monitor.rows("SELECT acknowledged_at FROM incidents")
    clock.advance(timedelta(minutes=20))

    await monitor.take(WARNING)

    assert await monitor.rows("SELECT acknowledged_at FROM incidents") == before


async def test_one_alert_that_cleared_says_how_many_are_still_open(monitor: Monitor):
    await monitor.take(WARNING, an_event(dedup_key="other"))
    await monitor.connection.execute(
        "UPDATE alerts SET incident_id = (SELECT id FROM incidents ORDER BY number LIMIT 1)"
    )

    await monitor.take(RESOLVED)

    told = await monitor.rows("SELECT data->>'open_alerts' FROM facts WHERE kind = 'alert resolved'")
    assert told == [("1",)]


async def test_what_a_monitor_says_takes_no_message_from_a_watcher(monitor: Monitor, desk: Desk):
    await monitor.take(CRITICAL)
    [(incident_id,)] = await monitor.rows("SELECT id FROM incidents")
    await desk.as_(await a_user(desk.database, "Bo"), watch, incident_id)
    await desk.do(acknowledge, incident_id)
    await desk.as_("housekeeping:watchers", tell)

    await monitor.take(RESOLVED)

    assert await desk.statuses("notifications", incident_id) == ["queued"]


@pytest.mark.parametrize(
    ("then", "left"),
    [(CRITICAL, "queued"), (an_event(action=Action.ACKNOWLEDGE), "superseded"), (RESOLVED, "superseded")],
)
async def test_a_raised_urgency_leaves_calls_for_help_and_an_acknowledge_or_the_end_stops_them(
    monitor: Monitor, desk: Desk, then: Event, left: str
):
    await monitor.take(WARNING)
    [(incident_id,)] = await monitor.rows("SELECT id FROM incidents")
    bo = await a_user(desk.database, "Bo")
    await desk.do(ask_for_help, incident_id, whom=Helpers(user_ids=(bo.id,)))

    await monitor.take(then)

    assert await desk.statuses("notifications", incident_id) == [left]
