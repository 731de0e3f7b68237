"""Messages that fail for good: who is tried instead, and what is not concluded from them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.store.tables import IncidentRow, NotificationRow, PageRow
from tests.builders import a_contact_method, a_notification, a_page, a_timer, a_user
from tests.jobs.pager import Pager
from tests.peers.push_service import Answer
from tests.peers.smtp import Mood

LATER = timedelta(minutes=5)


async def a_timer_in(
    pager: Pager, incident: IncidentRow, after: timedelta = LATER, *, kind: str = "escalation"
) -> None:
    due_at = pager.deps.clock.now() + after
    await a_timer(pager.database, incident.id, kind=kind, due_at=due_at, generation=incident.generation)


async def timer_in(pager: Pager) -> timedelta:
    """How long from now the only timer is due."""
    return (await pager.rows("SELECT due_at FROM timers"))[0][0] - pager.deps.clock.now()


async def test_after_a_failure_another_contact_method_is_tried_and_not_the_same_again(pager: Pager) -> None:
    incident, user = await pager.an_incident(), await a_user(pager.database, reachable=False)
    browser, mailbox = await pager.a_browser(user), await a_contact_method(pager.database, user)
    page = await a_page(pager.database, incident, user)
    await a_notification(pager.database, page, browser, position=0)
    again = await a_notification(pager.database, page, browser, position=1, due_at=page.due_at + LATER)
    mail = await a_notification(pager.database, page, mailbox, position=2, due_at=page.due_at + 2 * LATER)
    pager.push.answers = [Answer(500)]

    async with pager.sending():
        await pager.becomes("accepted", mail)

    assert await pager.due_in(again) == LATER


async def test_one_failure_after_an_undone_reassign_skips_nobody_s_wait(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1, generation=3)
    await a_timer_in(pager, incident)
    failing = await pager.a_mail(incident, due_at=pager.deps.clock.now())
    waiting = await pager.a_mail(incident, due_at=pager.deps.clock.now() + LATER)
    async with pager.database.commands() as session:  # what an undo queues again keeps its page of the first generation
        await session.execute(update(PageRow).values(generation=1))
        await session.execute(update(NotificationRow).values(generation=3))
        await session.commit()
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", failing)
        await asyncio.sleep(0.1)

    assert (await pager.status(waiting), await timer_in(pager)) == ("queued", LATER)


async def test_an_assignee_whom_no_message_reaches_is_said_to_be_so(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=0)
    ada = await a_user(pager.database, "Ada", reachable=False)
    page = await a_page(pager.database, incident, ada, kind="assigned", step=-1)
    mail = await a_notification(pager.database, page, await a_contact_method(pager.database, ada), position=0)
    async with pager.database.commands() as session:
        await session.execute(update(IncidentRow).values(assignee_id=ada.id))
        await session.commit()
    await a_timer_in(pager, incident)
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta()
    assert [(fact["user"], fact["reason"]) for fact in await pager.told("not paged")] == [
        ("Ada", "every message failed")
    ]
    assert await pager.told("step skipped") == []


async def test_managers_whom_no_message_reaches_are_followed_by_the_admins_at_once(pager: Pager) -> None:
    policy = {"steps": [], "repeats": 2}
    incident = await pager.an_incident(timer="", lap=4, policy=policy)
    lead = await a_user(pager.database, "Lead", reachable=False)
    page = await a_page(pager.database, incident, lead, kind="safety_net", lap=3)
    mail = await a_notification(pager.database, page, await a_contact_method(pager.database, lead), position=0)
    await a_timer_in(pager, incident, kind="safety_net")
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta()


async def test_a_later_round_of_the_safety_net_that_failed_does_not_begin_the_next_at_once(pager: Pager) -> None:
    policy = {"steps": [], "repeats": 2}
    incident = await pager.an_incident(timer="", lap=6, policy=policy)
    lead = await a_user(pager.database, "Lead", reachable=False)
    page = await a_page(pager.database, incident, lead, kind="safety_net", lap=5)
    mail = await a_notification(pager.database, page, await a_contact_method(pager.database, lead), position=0)
    await a_timer_in(pager, incident, kind="safety_net")
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)
        await asyncio.sleep(0.1)

    assert await timer_in(pager) == LATER


async def test_a_call_for_help_does_not_make_a_step_wait_that_was_in_vain(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    await a_timer_in(pager, incident)
    mail = await pager.a_mail(incident, due_at=pager.deps.clock.now())
    later = pager.deps.clock.now() + timedelta(seconds=1)
    carol = await a_user(pager.database, "Carol")
    await a_page(pager.database, incident, carol, kind="help", created_at=later)
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta()


async def test_a_step_is_in_vain_although_who_came_on_call_was_paged_after_the_one_who_failed_last(
    pager: Pager,
) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    await a_timer_in(pager, incident)
    first, later = await pager.a_mail(incident), pager.deps.clock.now() + timedelta(seconds=1)
    newcomer = await a_user(pager.database, "Bo", reachable=False)
    page = await a_page(pager.database, incident, newcomer, created_at=later)
    method = await a_contact_method(pager.database, newcomer)
    second = await a_notification(pager.database, page, method, position=0, status="failed", finished_at=later)
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", first)

    assert (await pager.status(second), await timer_in(pager)) == ("failed", timedelta())


@pytest.mark.parametrize(("urgency", "due"), [("low", LATER), ("high", timedelta())])
async def test_after_a_failure_nothing_of_low_urgency_starts_within_quiet_hours(
    pager: Pager, urgency: str, due: timedelta
) -> None:
    always = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "00:00", "end": "23:59"}
    incident = await pager.an_incident(urgency=urgency)
    user = await a_user(pager.database, reachable=False, zone="UTC", quiet_hours=[always])
    page = await a_page(pager.database, incident, user)
    first, second = await pager.a_browser(user), await a_contact_method(pager.database, user)
    failing = await a_notification(pager.database, page, first, position=0, urgency=urgency)
    mail = await a_notification(pager.database, page, second, position=1, urgency=urgency, due_at=page.due_at + LATER)
    pager.push.answers = [Answer(404)]

    async with pager.sending():
        await pager.becomes("failed", failing)
        await asyncio.sleep(0.1)

    assert await pager.due_in(mail) == due
