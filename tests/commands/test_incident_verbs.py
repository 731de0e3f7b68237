"""The verbs on a real database: what an incident is then, which timer it has, and what its outbox holds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from opsknight.crypto import new_id
from opsknight.domain.commands import incidents
from opsknight.domain.commands.held import Message
from opsknight.domain.commands.incidents import Offer
from opsknight.domain.model.escalation import Policy
from opsknight.domain.model.incident import PAGE_ASSIGNEE, IllegalTransition, Status
from opsknight.domain.model.permission import AcknowledgeLink
from opsknight.domain.store.tables import IncidentRow
from opsknight.errors import Forbidden, Invalid, NotFound, SignInRequired, Stale
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_service,
    a_stored_incident,
    a_timer,
    a_user,
    an_alert,
    an_integration,
)
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)
HALF_AN_HOUR = timedelta(minutes=30)
NOW = timedelta(0)


async def an_incident(desk: Desk, **columns: Any) -> IncidentRow:
    """Insert an open incident with the timer of its next step."""
    return await a_stored_incident(desk.database, **{"timer": "escalation", **columns})


async def a_message(desk: Desk, incident: IncidentRow, **columns: Any) -> None:
    """Queue a message about the incident to the desk's user."""
    page = await a_page(desk.database, incident, desk.user, step=columns.pop("step", 0))
    method = await a_contact_method(desk.database, desk.user, channel="push")
    await a_notification(desk.database, page, method, **columns)


async def test_an_acknowledge_stops_paging_and_asks_again_in_half_an_hour(desk: Desk):
    incident = await an_incident(desk)
    await a_message(desk, incident)

    done = await desk.do(incidents.acknowledge, incident.id)

    assert (done.incident.status, done.incident.assignee_id) == (Status.ACKNOWLEDGED, desk.user.id)
    assert done.sentence == "Acknowledged “Disk full on db-1”; nobody is paged any more."
    assert await desk.statuses("notifications", incident.id) == ["superseded"]
    assert await desk.timer(incident.id) == ("ack_timeout", 1, HALF_AN_HOUR)
    assert await desk.facts(incident.id) == ["acknowledged"]


async def test_an_acknowledge_of_low_urgency_lasts_for_ever(desk: Desk):
    incident = await an_incident(desk, urgency="low")

    await desk.do(incidents.acknowledge, incident.id)

    assert await desk.timer(incident.id) is None


async def test_an_acknowledged_incident_stays_with_its_owner_and_may_be_taken_over(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    incident = await an_incident(desk)
    await desk.as_(bo, incidents.acknowledge, incident.id)

    done = await desk.do(incidents.acknowledge, incident.id)
    taken = await desk.do(incidents.reassign, incident.id, to=desk.user.id)

    assert (done.changed, done.offer, done.incident.assignee_id) == (False, Offer.TAKE_OVER, bo.id)
    assert done.sentence == "Bo has acknowledged “Disk full on db-1” already; take it over?"
    assert (taken.incident.status, taken.incident.assignee_id) == (Status.ACKNOWLEDGED, desk.user.id)
    assert await desk.facts(incident.id) == ["acknowledged", "reassigned"]
    assert (await desk.told(incident.id, "reassigned"))["from_user"] == "Bo"


async def test_acknowledging_twice_changes_nothing_and_writes_no_fact(desk: Desk):
    incident = await an_incident(desk)
    await desk.do(incidents.acknowledge, incident.id)

    again = await desk.do(incidents.acknowledge, incident.id)

    assert (again.changed, again.incident.version) == (False, 2)
    assert again.sentence == "“Disk full on db-1” is acknowledged already, by you."
    assert await desk.facts(incident.id) == ["acknowledged"]


async def test_of_many_acknowledges_at_once_exactly_one_becomes_the_owner(desk: Desk):
    people = [await a_user(desk.database) for _ in range(6)]
    incident = await an_incident(desk)

    all_done = await asyncio.gather(*(desk.as_(who, incidents.acknowledge, incident.id) for who in people))

    owners = [who.id for who, done in zip(people, all_done, strict=True) if done.changed]
    assert len(owners) == 1
    assert {done.incident.assignee_id for done in all_done} == set(owners)
    assert await desk.facts(incident.id) == ["acknowledged"]


async def test_the_owner_s_acknowledge_answers_whether_they_are_still_on_it(desk: Desk):
    incident = await an_incident(desk, status="acknowledged", assignee_id=desk.user.id, timer="ack_reminder")
    await a_message(desk, incident)

    done = await desk.do(incidents.acknowledge, incident.id)

    assert (done.changed, done.sentence) == (False, "“Disk full on db-1” stays with you.")
    assert await desk.timer(incident.id) == ("ack_timeout", 1, HALF_AN_HOUR)
    assert await desk.statuses("notifications", incident.id) == ["superseded"]
    assert await desk.facts(incident.id) == ["still on it"]


async def test_somebody_else_s_acknowledge_is_no_answer(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    incident = await an_incident(desk, status="acknowledged", assignee_id=bo.id, timer="ack_reminder")

    await desk.do(incidents.acknowledge, incident.id)

    assert (await desk.timer(incident.id) or ("",))[0] == "ack_reminder"


async def test_an_unacknowledged_incident_is_nobody_s_and_pages_from_its_first_step(desk: Desk):
    incident = await an_incident(
        desk, status="acknowledged", assignee_id=desk.user.id, next_step=2, lap=1, timer="ack_timeout"
    )

    done = await desk.do(incidents.unacknowledge, incident.id)

    after = done.incident
    assert (after.status, after.assignee_id, after.next_step, after.lap) == (Status.OPEN, None, 0, 0)
    assert await desk.timer(incident.id) == ("escalation", 2, NOW)


async def test_a_snooze_ends_at_its_instant(desk: Desk):
    incident = await an_incident(desk)

    done = await desk.do(incidents.snooze, incident.id, until=desk.clock.now() + 2 * HOUR)

    assert done.sentence == "Snoozed “Disk full on db-1” for 2 h."
    assert await desk.timer(incident.id) == ("snooze_end", 1, 2 * HOUR)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=-1), timedelta(days=31)])
async def test_a_snooze_needs_an_end_that_is_to_come_and_not_too_far(desk: Desk, lasts: timedelta):
    incident = await an_incident(desk)

    with pytest.raises(Invalid, match="at most 30 days away"):
        await desk.do(incidents.snooze, incident.id, until=desk.clock.now() + lasts)


async def test_a_person_s_suppress_ends_after_a_day_and_can_be_woken(desk: Desk):
    incident = await an_incident(desk)

    await desk.do(incidents.suppress, incident.id)
    suppressed = await desk.timer(incident.id)
    await desk.do(incidents.wake, incident.id)

    assert suppressed == ("suppress_end", 1, timedelta(days=1))
    assert await desk.timer(incident.id) == ("escalation", 2, NOW)


async def test_keeping_quiet_until_it_clears_needs_a_monitor_that_can_clear_it(desk: Desk):
    key = await an_integration(desk.database)
    incident = await an_incident(desk)

    with pytest.raises(Invalid, match="No monitor would end this silence"):
        await desk.do(incidents.suppress, incident.id, until_clear=True)
    await an_alert(desk.database, incident, integration_id=key.id)
    done = await desk.do(incidents.suppress, incident.id, until_clear=True)

    assert (done.incident.status, done.incident.until) == (Status.SUPPRESSED, None)
    assert await desk.timer(incident.id) is None


async def test_a_service_whose_incidents_outlive_their_alerts_cannot_keep_quiet_until_clear(desk: Desk):
    key = await an_integration(desk.database)
    service = await a_service(desk.database, resolves_with_last_alert=False)
    incident = await an_incident(desk, service=service)
    await an_alert(desk.database, incident, integration_id=key.id)

    with pytest.raises(Invalid, match="say until when it lasts"):
        await desk.do(incidents.suppress, incident.id, until_clear=True)


async def test_a_resolve_ends_the_alerts_and_every_wait(desk: Desk):
    incident = await an_incident(desk, alert=True)
    await a_message(desk, incident)

    done = await desk.do(incidents.resolve, incident.id)

    assert (done.incident.status, done.offer) == (Status.RESOLVED, None)
    assert await desk.statuses("alerts", incident.id) == ["resolved"]
    assert await desk.statuses("notifications", incident.id) == ["superseded"]
    assert await desk.timer(incident.id) is None
    assert await desk.rows("SELECT resolved_by FROM alerts") == [(f"user:{desk.user.id}",)]


async def test_resolving_while_the_monitor_still_fires_says_so(desk: Desk):
    key = await an_integration(desk.database)
    incident = await an_incident(desk)
    await an_alert(desk.database, incident, integration_id=key.id)

    done = await desk.do(incidents.resolve, incident.id)

    assert done.offer is Offer.KEEP_QUIET
    assert done.sentence == (
        "Resolved “Disk full on db-1” while its monitor still reports it; its next trigger opens a new incident."
    )
    assert (await desk.told(incident.id, "resolved"))["firing"] is True


async def test_a_reopened_incident_takes_back_the_alerts_that_are_open_nowhere_else(desk: Desk):
    service = await a_service(desk.database)
    incident = await an_incident(desk, service=service)
    for key in ("disk", "cpu"):
        await an_alert(desk.database, incident, dedup_key=key)
    await desk.do(incidents.resolve, incident.id)
    elsewhere = await an_incident(desk, service=service)
    await an_alert(desk.database, elsewhere, dedup_key="cpu")

    done = await desk.do(incidents.reopen, incident.id)

    assert done.sentence.endswith("1 of its alerts opened again elsewhere and stay there.")
    assert await desk.statuses("alerts", incident.id) == ["open", "resolved"]
    assert await desk.timer(incident.id) == ("escalation", 2, NOW)


async def test_reassigning_pages_the_other_person_now_in_a_new_generation(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    incident = await an_incident(desk, next_step=1, policy=Policy(steps=()).to_json())
    await a_message(desk, incident)

    done = await desk.do(incidents.reassign, incident.id, to=bo.id)

    assert (done.incident.assignee_id, done.incident.next_step) == (bo.id, PAGE_ASSIGNEE)
    assert done.sentence == "Reassigned “Disk full on db-1” to Bo, who is paged now."
    assert await desk.timer(incident.id) == ("escalation", 2, NOW)
    assert await desk.statuses("notifications", incident.id) == ["superseded"]
    assert await desk.rows("SELECT policy FROM incidents") == [(None,)]


async def test_nobody_is_assigned_who_cannot_act(desk: Desk):
    gone = await a_user(desk.database, "Cy", active=False)
    incident = await an_incident(desk)

    with pytest.raises(Invalid, match="Cy cannot be paged: the account is deactivated"):
        await desk.do(incidents.reassign, incident.id, to=gone.id)
    with pytest.raises(Invalid, match="There is no such person"):
        await desk.do(incidents.reassign, incident.id, to=10**9)


async def test_escalating_from_acknowledged_pages_the_next_step_now_by_the_same_policy(desk: Desk):
    policy = Policy(steps=(), repeats=2).to_json()
    incident = await an_incident(
        desk, status="acknowledged", assignee_id=desk.user.id, next_step=1, timer="ack_timeout", policy=policy
    )

    done = await desk.do(incidents.escalate, incident.id)

    assert (done.incident.status, done.incident.next_step) == (Status.OPEN, 1)
    assert await desk.timer(incident.id) == ("escalation", 2, NOW)
    assert await desk.rows("SELECT policy IS NULL FROM incidents") == [(False,)]


async def test_escalating_an_open_incident_leaves_its_messages_to_the_step_that_fires(desk: Desk):
    incident = await an_incident(desk)
    await a_message(desk, incident)

    await desk.do(incidents.escalate, incident.id)

    assert await desk.statuses("notifications", incident.id) == ["queued"]
    assert await desk.timer(incident.id) == ("escalation", 1, NOW)


async def test_escalating_beyond_the_last_lap_calls_the_safety_net(desk: Desk):
    policy = Policy(steps=(), repeats=2)
    incident = await an_incident(desk, lap=policy.net_lap, policy=policy.to_json(), timer="safety_net")

    await desk.do(incidents.escalate, incident.id)

    assert await desk.timer(incident.id) == ("safety_net", 1, NOW)


async def test_a_claimed_timer_is_armed_anew_under_a_higher_fence(desk: Desk):
    incident = await a_stored_incident(desk.database)
    await a_timer(desk.database, incident.id, fence=4, attempts=3, worker=7, lease_until=desk.clock.now() + HOUR)

    await desk.do(incidents.escalate, incident.id)

    found = await desk.rows("SELECT fence, attempts, worker, lease_until FROM timers")
    assert found == [(5, 0, None, None)]


async def test_a_message_whose_provider_is_being_called_is_left_to_its_sender(desk: Desk):
    incident = await an_incident(desk)
    await a_message(desk, incident, status="sending", attempts=1)

    await desk.do(incidents.acknowledge, incident.id)

    assert await desk.statuses("notifications", incident.id) == ["sending"]


# views that are out of date


async def test_a_stale_screen_is_told_what_changed(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    incident = await an_incident(desk, status="acknowledged", assignee_id=bo.id, version=4, timer="ack_timeout")

    with pytest.raises(Stale) as refusal:
        await desk.do(incidents.snooze, incident.id, until=desk.clock.now() + HOUR, seen_version=3)

    assert (
        refusal.value.sentence == "“Disk full on db-1” changed while you were looking: it is acknowledged now, with Bo."
    )
    assert await desk.facts(incident.id) == []


async def test_a_stale_acknowledge_that_still_does_the_same_succeeds(desk: Desk):
    incident = await an_incident(desk, version=4)

    done = await desk.do(incidents.acknowledge, incident.id, seen_version=3)

    assert done.changed


async def test_a_link_of_an_older_generation_acknowledges_nothing(desk: Desk):
    incident = await an_incident(desk, generation=3)

    with pytest.raises(Stale, match="was paged anew since this message was sent"):
        await desk.do(incidents.acknowledge, incident.id, message=Message(2))


# who may


async def test_an_observer_may_not_respond(desk: Desk):
    watcher = await a_user(desk.database, role="observer")
    incident = await an_incident(desk)

    with pytest.raises(Forbidden, match="An observer cannot acknowledge incidents"):
        await desk.as_(watcher, incidents.acknowledge, incident.id)


async def test_a_link_lets_the_person_it_was_sent_to_acknowledge_that_incident_only(desk: Desk):
    watcher = await a_user(desk.database, role="observer")
    incident, other = await an_incident(desk), await an_incident(desk)
    link = AcknowledgeLink(incident.id, watcher.id, generation=1)

    done = await desk.as_(watcher, incidents.acknowledge, incident.id, link=link, via="mail link")

    assert done.incident.assignee_id == watcher.id
    assert (await desk.told(incident.id, "acknowledged"))["via"] == "mail link"
    with pytest.raises(Forbidden, match="acknowledges one incident only"):
        await desk.as_(watcher, incidents.acknowledge, other.id, link=link)


async def test_a_link_dies_with_the_account_it_was_sent_to_and_serves_nobody_else(desk: Desk):
    gone = await a_user(desk.database, active=False)
    watcher = await a_user(desk.database, role="observer")
    incident = await an_incident(desk)
    link = AcknowledgeLink(incident.id, gone.id, generation=1)

    with pytest.raises(Forbidden, match="deactivated"):
        await desk.as_(gone, incidents.acknowledge, incident.id, link=link)
    with pytest.raises(Forbidden, match="An observer cannot acknowledge"):
        await desk.as_(watcher, incidents.acknowledge, incident.id, link=link)


async def test_who_is_unknown_or_gone_may_nothing(desk: Desk):
    gone = await a_user(desk.database, active=False)
    incident = await an_incident(desk)

    with pytest.raises(Forbidden, match="deactivated"):
        await desk.as_(gone, incidents.resolve, incident.id)
    with pytest.raises(SignInRequired):
        await desk.as_("user:999999", incidents.resolve, incident.id)


async def test_an_incident_that_is_not_there_is_not_found(desk: Desk):
    with pytest.raises(NotFound):
        await desk.do(incidents.acknowledge, new_id())


async def test_a_refused_verb_leaves_no_trace(desk: Desk):
    incident = await a_stored_incident(desk.database, status="resolved")

    with pytest.raises(IllegalTransition, match="it is already resolved"):
        await desk.do(incidents.acknowledge, incident.id)

    assert await desk.facts(incident.id) == []
    assert await desk.rows("SELECT version FROM incidents") == [(1,)]
