"""Asking the owner “still on it?”: as often as it takes, and never without the owner hearing of it."""

from __future__ import annotations

from datetime import timedelta

from opsknight.domain.commands import incidents
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.store.tables import IncidentRow
from tests.builders import a_service, a_stored_incident, a_timer
from tests.commands.desk import Desk

TIMEOUT = timedelta(minutes=30)


async def an_acknowledged_incident(desk: Desk, **columns: object) -> IncidentRow:
    """Insert an incident of the desk's user whose ack timeout is due now."""
    at = desk.clock.now() - TIMEOUT
    columns = {"status": "acknowledged", "assignee_id": desk.user.id, "acknowledged_at": at, **columns}
    incident = await a_stored_incident(desk.database, await a_service(desk.database), **columns)
    await a_timer(desk.database, incident.id, kind="ack_timeout", due_at=desk.clock.now())
    return incident


async def fire_what_is_due(desk: Desk) -> None:
    timers = await desk.as_("engine:claim", claim, worker=1, limit=10)
    await desk.as_("timer:engine", fire, timers)


async def test_who_answered_is_asked_again_after_the_next_timeout(desk: Desk):
    incident = await an_acknowledged_incident(desk)
    await fire_what_is_due(desk)
    await desk.do(incidents.acknowledge, incident.id)
    desk.clock.advance(TIMEOUT)

    await fire_what_is_due(desk)

    assert await desk.statuses("notifications", incident.id) == ["superseded", "queued"]
    assert await desk.timer(incident.id) == ("ack_reminder", 1, timedelta(minutes=5))


async def test_the_owner_of_an_incident_that_changed_very_often_is_asked(desk: Desk):
    incident = await an_acknowledged_incident(desk, version=40_000)

    await fire_what_is_due(desk)

    assert await desk.statuses("notifications", incident.id) == ["queued"]


async def test_what_the_owner_does_otherwise_while_asked_needs_no_further_answer(desk: Desk):
    incident = await an_acknowledged_incident(desk)
    await fire_what_is_due(desk)

    await desk.do(incidents.snooze, incident.id, until=desk.clock.now() + timedelta(hours=2))

    assert await desk.timer(incident.id) == ("snooze_end", 1, timedelta(hours=2))
    assert await desk.statuses("notifications", incident.id) == ["superseded"]
