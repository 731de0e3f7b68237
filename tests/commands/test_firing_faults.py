"""Timers whose firing fails: nothing is lost without a word, and somebody is paged in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands.claims import DEAD_AFTER, claim, put_back
from opsknight.domain.commands.escalations import fire
from opsknight.domain.store.tables import TimerRow
from tests.builders import a_page, a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.commands.desk import Desk


async def fire_what_is_due(desk: Desk) -> None:
    timers = await desk.as_("engine:claim", claim, worker=1, limit=10)
    await desk.as_("timer:engine", fire, timers)


async def let_die(desk: Desk) -> None:
    """Let the only timer fail as often as a timer may."""
    for _ in range(DEAD_AFTER):
        desk.clock.advance(timedelta(minutes=1))
        (timer,) = await desk.as_("engine:claim", claim, worker=1, limit=1)
        await desk.as_(f"timer:{timer.kind}", put_back, timer, reason="ValueError('junk')")


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("ack_timeout", "acknowledged", "unacknowledged"),
        ("ack_reminder", "acknowledged", "unacknowledged"),
        ("snooze_end", "snoozed", "woken"),
        ("suppress_end", "suppressed", "woken"),
    ],
)
async def test_a_dead_timer_opens_what_it_should_have_ended_and_the_safety_net_pages(
    desk: Desk, kind: str, status: str, told: str
):
    service = await a_service(desk.database, team=await a_team(desk.database, managers=[desk.user]))
    incident = await a_stored_incident(desk.database, service, timer=kind, status=status, assignee_id=desk.user.id)

    await let_die(desk)
    await fire_what_is_due(desk)

    assert await desk.rows("SELECT status, generation, assignee_id FROM incidents") == [("open", 2, None)]
    assert await desk.facts(incident.id) == [told, "timer died", "safety net"]
    assert await desk.statuses("notifications", incident.id) == ["queued"]


async def test_the_safety_net_pages_also_where_the_incident_s_copy_of_its_policy_is_the_fault(desk: Desk):
    service = await a_service(desk.database, team=await a_team(desk.database, managers=[desk.user]))
    incident = await a_stored_incident(desk.database, service, timer="escalation", policy={"steps": "junk"})

    await let_die(desk)
    await fire_what_is_due(desk)

    assert await desk.statuses("notifications", incident.id) == ["queued"]


async def test_the_safety_net_needs_no_schedule(desk: Desk):
    rota = await a_schedule(desk.database, desk.user, zone="Mars/Olympus_Mons")
    team = await a_team(desk.database, managers=[desk.user])
    service = await a_service(desk.database, team=team, policy=await a_policy(desk.database, rota))
    incident = await a_stored_incident(desk.database, service, timer="safety_net", lap=3)

    await fire_what_is_due(desk)

    assert await desk.statuses("notifications", incident.id) == ["queued"]


async def test_a_timer_that_was_armed_anew_while_it_failed_does_not_die(desk: Desk):
    incident = await a_stored_incident(desk.database, timer="ack_timeout", status="acknowledged")
    desk.clock.advance(timedelta(minutes=1))
    (timer,) = await desk.as_("engine:claim", claim, worker=1, limit=1)
    async with desk.database.commands() as session:
        await session.execute(update(TimerRow).values(fence=TimerRow.fence + 1))
        await session.commit()

    died = await desk.as_("timer:ack_timeout", put_back, replace(timer, attempts=DEAD_AFTER), reason="junk")

    assert (died, await desk.facts(incident.id)) == (False, [])


async def test_a_page_that_was_made_before_fails_aloud_and_does_not_vanish(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    service = await a_service(desk.database, pages=[bo])
    incident = await a_stored_incident(desk.database, service, timer="escalation")
    await a_page(desk.database, incident, bo)

    with pytest.raises(IntegrityError):
        await fire_what_is_due(desk)

    assert await desk.facts(incident.id) == []
