"""Taking the last verb back, on a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.commands.undoing import undo
from opsknight.domain.model.escalation import Policy
from opsknight.domain.model.everyone import Everyone, everyone
from opsknight.domain.model.incident import IllegalTransition, Status
from opsknight.domain.store.tables import IncidentRow
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_service,
    a_stored_incident,
    a_timer,
    a_user,
    an_alert,
)
from tests.commands.desk import Desk

WAIT = timedelta(minutes=3)
SOON = timedelta(seconds=2)


async def a_waiting_incident(desk: Desk, **columns: Any) -> IncidentRow:
    """Insert an incident whose second step is due in three minutes."""
    incident = await a_stored_incident(desk.database, **{"next_step": 1, **columns})
    due_at = desk.clock.now() + WAIT
    await a_timer(desk.database, incident.id, due_at=due_at, generation=incident.generation)
    return incident


async def messages(desk: Desk, incident: IncidentRow, *tries: int) -> None:
    """Queue one message per number of attempts that it has had."""
    page = await a_page(desk.database, incident, desk.user)
    for attempts in tries:
        method = await a_contact_method(desk.database, desk.user, channel="push")
        await a_notification(desk.database, page, method, attempts=attempts)


async def test_an_undone_acknowledge_waits_for_the_rest_and_pages_only_who_was_never_attempted(desk: Desk):
    incident = await a_waiting_incident(desk)
    await messages(desk, incident, 0, 2)
    await desk.do(incidents.acknowledge, incident.id)
    desk.clock.advance(SOON)

    done = await desk.do(undo, incident.id)

    assert (done.incident.status, done.incident.assignee_id) == (Status.OPEN, None)
    assert done.sentence == "Undone: “Disk full on db-1” is open again."
    assert await desk.timer(incident.id) == ("escalation", 1, WAIT)
    assert await desk.statuses("notifications", incident.id) == ["queued", "superseded"]
    assert await desk.facts(incident.id) == ["acknowledged", "undone"]


async def test_an_undone_resolve_opens_its_alerts_again(desk: Desk):
    service = await a_service(desk.database)
    incident = await a_waiting_incident(desk, service=service)
    await an_alert(desk.database, incident, dedup_key="disk")
    await desk.do(incidents.resolve, incident.id)

    await desk.do(undo, incident.id)

    assert await desk.statuses("alerts", incident.id) == ["open"]
    assert await desk.timer(incident.id) == ("escalation", 1, WAIT)
    assert await desk.rows("SELECT resolved_at, resolved_by FROM alerts") == [(None, None)]


async def test_an_undone_reopen_is_resolved_again_and_waits_for_nothing(desk: Desk):
    incident = await a_stored_incident(desk.database, status="resolved")
    await an_alert(desk.database, incident, status="resolved")
    await desk.do(incidents.reopen, incident.id)

    done = await desk.do(undo, incident.id)

    assert done.incident.status is Status.RESOLVED
    assert await desk.statuses("alerts", incident.id) == ["resolved"]
    assert await desk.timer(incident.id) is None


async def test_an_undone_reassign_withdraws_the_other_s_page_and_revives_what_waited(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    incident = await a_waiting_incident(desk)
    await messages(desk, incident, 0)
    await desk.do(incidents.reassign, incident.id, to=bo.id)
    page = await a_page(desk.database, incident, bo, generation=2, kind="assigned", step=-1)
    await a_notification(desk.database, page, await a_contact_method(desk.database, bo, channel="push"))

    done = await desk.do(undo, incident.id)

    assert (done.incident.generation, done.incident.next_step, done.incident.assignee_id) == (3, 1, None)
    assert await desk.timer(incident.id) == ("escalation", 3, WAIT)
    found = await desk.rows("SELECT user_id, status, generation FROM notifications ORDER BY id")
    assert found == [(desk.user.id, "queued", 3), (bo.id, "superseded", 2)]


async def test_an_undone_reassign_goes_on_by_the_policy_as_it_was_and_by_everybody_who_must_acknowledge(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    policy = Policy(steps=(), repeats=4).to_json()
    must = Everyone(1, waiting=(desk.user.id, bo.id)).to_json()
    incident = await a_waiting_incident(desk, policy=policy, must_acknowledge=must)

    await desk.do(incidents.reassign, incident.id, to=bo.id)
    await desk.do(undo, incident.id)

    [(its, everybody)] = await desk.rows("SELECT policy, must_acknowledge FROM incidents")
    assert (its, everyone(everybody, 3).waiting) == (policy, (desk.user.id, bo.id))


async def test_an_escalate_that_is_undone_before_it_has_paged_leaves_what_waited(desk: Desk):
    incident = await a_waiting_incident(desk)
    await messages(desk, incident, 0)
    await desk.do(incidents.escalate, incident.id)

    await desk.do(undo, incident.id)

    assert await desk.statuses("notifications", incident.id) == ["queued"]
    assert await desk.timer(incident.id) == ("escalation", 1, WAIT)


async def test_an_undone_unacknowledge_gives_the_owner_their_timeout_back(desk: Desk):
    incident = await a_stored_incident(desk.database, status="acknowledged", assignee_id=desk.user.id)
    await a_timer(desk.database, incident.id, kind="ack_timeout", due_at=desk.clock.now() + WAIT)
    await desk.do(incidents.unacknowledge, incident.id)

    done = await desk.do(undo, incident.id)

    assert (done.incident.status, done.incident.assignee_id) == (Status.ACKNOWLEDGED, desk.user.id)
    assert await desk.timer(incident.id) == ("ack_timeout", 2, WAIT)


async def test_an_undone_wake_sleeps_on_to_its_instant(desk: Desk):
    incident = await a_waiting_incident(desk)
    until = desk.clock.now() + timedelta(hours=2)
    await desk.do(incidents.snooze, incident.id, until=until)
    await desk.do(incidents.wake, incident.id)
    desk.clock.advance(SOON)

    done = await desk.do(undo, incident.id)

    assert (done.incident.status, done.incident.until) == (Status.SNOOZED, until)
    assert await desk.timer(incident.id) == ("snooze_end", 2, timedelta(hours=2) - SOON)


async def test_an_undo_comes_too_late_after_five_seconds(desk: Desk):
    incident = await a_waiting_incident(desk)
    await desk.do(incidents.acknowledge, incident.id)
    desk.clock.advance(timedelta(seconds=5, milliseconds=1))

    with pytest.raises(IllegalTransition, match="nothing was done to it in the last 5 seconds"):
        await desk.do(undo, incident.id)


async def test_nobody_takes_back_what_another_did(desk: Desk):
    incident = await a_waiting_incident(desk)
    await desk.as_(await a_user(desk.database), incidents.acknowledge, incident.id)

    with pytest.raises(IllegalTransition, match="only the one who did it can take it back"):
        await desk.do(undo, incident.id)


async def test_a_verb_is_taken_back_once(desk: Desk):
    incident = await a_waiting_incident(desk)
    await desk.do(incidents.acknowledge, incident.id)
    await desk.do(undo, incident.id)

    with pytest.raises(IllegalTransition, match="Cannot undo"):
        await desk.do(undo, incident.id)
