"""What follows when a message did not go through: another try, the next contact method, the next step."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from opsknight import readiness
from opsknight.clock import Clock
from opsknight.domain.commands import notifications, outcomes, without_receipt
from opsknight.domain.model.notification import Sent
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import NotificationRow
from tests.builders import a_contact_method, a_notification, a_page, a_timer, a_user
from tests.jobs.pager import Pager, a_pager
from tests.peers.push_service import Answer
from tests.peers.smtp import Mood

SECOND = timedelta(seconds=1)


async def timer_in(pager: Pager) -> timedelta:
    """How long from now the only timer is due."""
    return (await pager.rows("SELECT due_at FROM timers"))[0][0] - pager.deps.clock.now()


async def a_timer_in(
    pager: Pager, subject: UUID, *, kind: str = "escalation", after: timedelta = timedelta(minutes=5)
) -> None:
    await a_timer(pager.database, subject, kind=kind, due_at=pager.deps.clock.now() + after)


async def fail_now(pager: Pager, notification: NotificationRow, times: int) -> None:
    """Let `times` attempts fail for now, one after the other."""
    for number in range(1, times + 1):
        await pager.attempts_become(["retry"] * number, notification)
        if number < times:
            await pager.move_on(timedelta(seconds=37))


async def test_a_message_that_did_not_go_through_is_tried_again_a_little_later(pager: Pager) -> None:
    mail = await pager.a_mail()
    pager.smtp.moods = [Mood.REFUSE_FOR_NOW]

    async with pager.sending():
        await pager.attempts_become(["retry"], mail)
        due_in = await pager.due_in(mail)

    assert 0.8 * SECOND <= due_in <= 1.2 * SECOND
    assert (await pager.told("retrying"))[0]["detail"] == "The mail server said 450: 4.3.0 try again later"


async def test_for_high_urgency_the_next_contact_method_starts_after_the_first_failure(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident())
    pager.push.answers = [Answer(500)]

    async with pager.sending():
        await pager.becomes("accepted", mail)
        await pager.move_on(2 * SECOND)
        await pager.becomes("accepted", push)

    assert "Why now: the push notification to Chrome on Linux did not go through." in pager.smtp.mails[0].text


async def test_for_low_urgency_the_next_contact_method_waits_for_its_time(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident(urgency="low"))
    pager.push.answers = [Answer(500)]

    async with pager.sending():
        await pager.attempts_become(["retry"], push)
        due_in = await pager.due_in(mail)

    assert due_in == timedelta(minutes=1)


@pytest.mark.parametrize("urgency", ["high", "low"])
async def test_a_refusal_for_good_starts_the_next_contact_method_at_once(pager: Pager, urgency: str) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident(urgency=urgency))
    pager.push.answers = [Answer(413)]

    async with pager.sending():
        await pager.becomes("accepted", mail)

    assert await pager.status(push) == "failed"
    assert (await pager.told("failed"))[0]["detail"] == "The push service finds the message too large."


async def test_a_subscription_that_is_gone_switches_its_contact_method_off(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident())
    pager.push.answers = [Answer(410)]

    async with pager.sending():
        await pager.becomes("accepted", mail)

    sql = "SELECT disabled_at IS NOT NULL, disabled_reason <> '' FROM contact_methods WHERE id = :id"
    assert await pager.rows(sql, id=push.contact_method_id) == [(True, True)]
    assert len(await pager.told("contact method disabled")) == 1


async def test_a_method_that_was_switched_off_meanwhile_is_not_tried(pager: Pager) -> None:
    incident = await pager.an_incident()
    user = await a_user(pager.database, reachable=False)
    browser = await pager.a_browser(user, disabled_at=pager.deps.clock.now(), disabled_reason="removed by its owner")
    page = await a_page(pager.database, incident, user)
    push = await a_notification(pager.database, page, browser, position=0)
    later = pager.deps.clock.now() + timedelta(minutes=1)
    mail = await a_notification(
        pager.database, page, await a_contact_method(pager.database, user), position=1, due_at=later
    )

    async with pager.sending():
        await pager.becomes("accepted", mail)

    assert await pager.status(push) == "failed"
    assert pager.push.requests == 0


async def test_a_person_who_was_deactivated_meanwhile_is_not_paged_and_the_step_goes_on(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    user = await a_user(pager.database, reachable=False, active=False)
    page = await a_page(pager.database, incident, user)
    mail = await a_notification(pager.database, page, await a_contact_method(pager.database, user), position=0)
    await a_timer_in(pager, incident.id)

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta()


async def test_a_step_whose_every_message_failed_for_good_does_not_burn_its_wait(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    await a_timer_in(pager, incident.id)
    push, mail = await pager.push_then_mail(incident)
    pager.push.answers, pager.smtp.moods = [Answer(410)], [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", push, mail)

    assert await timer_in(pager) == timedelta()
    assert [fact["reason"] for fact in await pager.told("step skipped")] == ["every message failed"]


async def test_while_one_message_of_the_step_may_still_arrive_its_wait_goes_on(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    await a_timer_in(pager, incident.id)
    mails = [await pager.a_mail(incident), await pager.a_mail(incident)]
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]  # for whichever the server is brought first

    async with pager.sending():
        await pager.count_becomes("SELECT count(*) FROM notifications WHERE finished_at IS NOT NULL", len(mails))

    assert sorted([await pager.status(mail) for mail in mails]) == ["accepted", "failed"]
    assert await timer_in(pager) == timedelta(minutes=5)


async def test_six_failures_count_as_not_reached_and_the_message_is_tried_on(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    mail = await pager.a_mail(incident)
    await a_timer_in(pager, incident.id, after=timedelta(hours=1))
    pager.smtp.mood = Mood.REFUSE_FOR_NOW

    async with pager.sending():
        await fail_now(pager, mail, 5)
        before = await timer_in(pager)
        await pager.move_on(37 * SECOND)
        await pager.attempts_become(["retry"] * 6, mail)
        after = await timer_in(pager)
        pager.smtp.mood = Mood.TAKE
        await pager.move_on(37 * SECOND)
        await pager.becomes("accepted", mail)

    assert before > timedelta(minutes=50)
    assert after <= timedelta()
    assert len(await pager.told("not reached")) == 1


async def test_a_lap_of_which_nothing_arrived_is_over_at_once(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=0, lap=1)
    await a_timer_in(pager, incident.id)
    mail = await pager.a_mail(incident)
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta()


async def test_a_lap_of_which_something_arrived_keeps_to_its_least_length_though_its_last_step_failed(
    pager: Pager,
) -> None:
    incident = await pager.an_incident(timer="", next_step=0, lap=1)
    await a_timer_in(pager, incident.id)
    await pager.a_mail(incident, status="accepted")
    ada, later = await a_user(pager.database, reachable=False), pager.deps.clock.now() + timedelta(milliseconds=1)
    page = await a_page(pager.database, incident, ada, step=1, created_at=later)
    mail = await a_notification(pager.database, page, await a_contact_method(pager.database, ada))
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta(seconds=60)


async def test_the_safety_net_comes_at_once_when_the_last_step_failed_for_good(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=0, lap=3)
    await a_timer_in(pager, incident.id, kind="safety_net")
    mail = await pager.a_mail(incident)
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert await timer_in(pager) == timedelta()


async def test_a_provider_that_asks_for_too_much_patience_gets_a_minute_and_the_next_method_starts(
    pager: Pager,
) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident(urgency="low"))
    pager.push.answers = [Answer(429, {"Retry-After": "999999"})]

    async with pager.sending():
        await pager.becomes("accepted", mail)
        due_in = await pager.due_in(push)

    assert due_in == timedelta(seconds=60)


async def test_a_provider_that_names_seven_seconds_gets_seven(pager: Pager) -> None:
    push, _ = await pager.push_then_mail(await pager.an_incident())
    pager.push.answers = [Answer(429, {"Retry-After": "7"})]

    async with pager.sending():
        await pager.attempts_become(["retry"], push)
        due_in = await pager.due_in(push)

    assert due_in == timedelta(seconds=7)


async def test_a_push_without_a_sign_of_life_starts_the_next_contact_method(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident(), apart=timedelta(minutes=5))

    async with pager.sending():
        await pager.becomes("accepted", push)
        await pager.move_on(19 * SECOND)
        await asyncio.sleep(1.2)
        early = await pager.status(mail)
        await pager.move_on(1 * SECOND)
        await pager.becomes("accepted", mail)

    assert early == "queued"
    assert "Why now: no sign from the push notification." in pager.smtp.mails[0].text


@pytest.mark.parametrize(("channel", "seconds"), [("push", 20), ("window", 20), ("sms", 60), ("voice", 60)])
async def test_each_channel_has_its_time_for_a_sign_and_then_the_next_contact_method_starts_and_says_why(
    pager: Pager, channel: str, seconds: int
) -> None:
    first, mail = await pager.push_then_mail(await pager.an_incident(), apart=timedelta(minutes=5))
    async with pager.deps.commands("system:test") as uow:
        accepted = {"channel": channel, "status": "accepted", "finished_at": uow.now}
        await uow.session.execute(update(NotificationRow).where(NotificationRow.id == first.id).values(accepted))

    started: list[int] = []
    for step in (seconds - 1, 1):
        await pager.move_on(step * SECOND)
        async with pager.deps.commands("system:test") as uow:
            started.append(await without_receipt.start_next(uow))

    assert started == [0, 1]
    [(why,)] = await pager.rows("SELECT reason FROM notifications WHERE id = :id", id=mail.id)
    assert why.startswith("no sign from the ")


async def test_a_push_that_was_shown_lets_the_next_contact_method_wait(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident(), apart=timedelta(minutes=5))

    async with pager.sending():
        await pager.becomes("accepted", push)
        async with pager.deps.commands("user:1") as uow:
            await uow.session.execute(
                update(NotificationRow).where(NotificationRow.id == push.id).values(status="delivered")
            )
        await pager.move_on(30 * SECOND)
        await asyncio.sleep(1.2)

    assert await pager.status(mail) == "queued"


async def test_an_outcome_that_comes_after_the_lease_changes_nothing(pager: Pager) -> None:
    mail = await pager.a_mail()
    begun = []
    for worker in (1, 2):
        async with pager.deps.engine_commands("timer:test") as uow:
            begun += await notifications.claim_and_begin(uow, channel="email", worker=worker, limit=2, limit_low=1)
        await pager.move_on(31 * SECOND)

    async with pager.deps.engine_commands("timer:test") as uow:
        late = await outcomes.finish(uow, begun[0], Sent(), jitter=0.5)
    async with pager.deps.engine_commands("timer:test") as uow:
        ours = await outcomes.finish(uow, begun[1], Sent(), jitter=0.5)

    assert (late, ours) == (False, True)
    assert await pager.attempts(mail) == ["ambiguous", "accepted"]


async def test_an_outcome_whose_confirmation_was_lost_is_written_once(pager: Pager) -> None:
    await pager.a_mail()
    async with pager.deps.engine_commands("timer:test") as uow:
        begun = await notifications.claim_and_begin(uow, channel="email", worker=1, limit=2, limit_low=1)

    for _ in range(2):
        async with pager.deps.engine_commands("timer:test") as uow:
            assert await outcomes.finish(uow, begun[0], Sent(), jitter=0.5)

    assert len(await pager.told("sent")) == 1


async def test_a_beginning_whose_confirmation_was_lost_is_taken_back_and_sent_at_once(pager: Pager) -> None:
    unknown, known = await pager.a_mail(), await pager.a_mail()
    async with pager.deps.engine_commands("timer:test") as uow:
        await notifications.claim_and_begin(uow, channel="email", worker=7, limit=3, limit_low=1)

    async with pager.deps.engine_commands("timer:test") as uow:
        back = await notifications.take_back_unknown(uow, channel="email", worker=7, known=[known.id])

    assert back == 1
    assert [await pager.status(one) for one in (unknown, known)] == ["queued", "sending"]
    assert await pager.attempts(unknown) == []
    async with pager.sending():
        await pager.becomes("accepted", unknown)
    assert "Possible repeat" not in pager.smtp.mails[0].message["Subject"]


async def test_a_channel_that_does_not_get_through_is_told_until_it_does(database: Database) -> None:
    async with a_pager(database, Clock()) as pager:
        pager.smtp.moods = [Mood.REFUSE_FOR_NOW]
        mail = await pager.a_mail(due_at=pager.deps.clock.now())
        async with pager.sending():
            await pager.attempts_become(["retry"], mail)
            failing = [one.sentence for one in await readiness.look(pager.deps) if one.name == "channels"]
            await pager.becomes("accepted", mail)
            well = [one.sentence for one in await readiness.look(pager.deps) if one.name == "channels"]

    words = "Pages by email (The mail server said 450: 4.3.0 try again later) do not get through now"
    assert failing[0].startswith(words)
    assert well == [""]
