"""Handing messages over: once, in time, in order, and only while they are wanted."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from opsknight.clock import Clock
from opsknight.domain.commands import incidents, notifications
from opsknight.domain.store.engine import Database, connect
from opsknight.domain.store.tables import NotificationRow
from tests.bounds import PATIENCE_S, WIDER
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.clusters import Addresses
from tests.jobs.pager import Pager, a_pager, until
from tests.peers.push_service import Answer
from tests.peers.smtp import Mood


async def test_a_due_message_is_handed_over_and_the_ledger_says_so(pager: Pager) -> None:
    incident = await pager.an_incident(service="Checkout", title="Disk full on db-1")
    mail = await pager.a_mail(incident)

    async with pager.sending():
        await pager.becomes("accepted", mail)

    assert pager.smtp.mails[0].message["Subject"] == f"CRITICAL Checkout: Disk full on db-1 (#{incident.number})"
    assert "http://localhost:8080/ack/" in pager.smtp.mails[0].text
    assert await pager.attempts(mail) == ["accepted"]
    assert [fact["channel"] for fact in await pager.told("sent")] == ["email"]


async def test_a_message_is_handed_over_when_it_is_due_and_not_before(pager: Pager) -> None:
    mail = await pager.a_mail(due_at=pager.deps.clock.now() + timedelta(seconds=30))

    async with pager.sending():
        await pager.move_on(timedelta(seconds=29))
        await asyncio.sleep(0.2)
        early = await pager.status(mail)
        await pager.move_on(timedelta(seconds=1))
        await pager.becomes("accepted", mail)

    assert early == "queued"


@pytest.mark.parametrize("status", ["acknowledged", "resolved", "snoozed", "suppressed"])
async def test_a_message_about_an_incident_that_needs_nobody_any_more_is_superseded(pager: Pager, status: str) -> None:
    mail = await pager.a_mail(await pager.an_incident(status=status))

    async with pager.sending():
        await pager.becomes("superseded", mail)

    assert pager.smtp.mails == []
    assert [fact["reason"] for fact in await pager.told("superseded")] == [f"the incident is {status}"]


async def test_what_an_older_generation_left_behind_is_never_sent(pager: Pager) -> None:
    incident = await pager.an_incident(generation=2)
    user = await a_user(pager.database)
    method = await a_contact_method(pager.database, user, address="other@example.org")
    old = await a_notification(pager.database, await a_page(pager.database, incident, user, generation=1), method)

    async with pager.sending():
        await pager.becomes("superseded", old)

    assert pager.smtp.mails == []


async def test_acknowledging_races_the_sender_and_no_call_begins_late(database: Database) -> None:
    async with a_pager(database, Clock()) as pager:
        mails = [await pager.a_mail(due_at=pager.deps.clock.now()) for _ in range(150)]
        pager.smtp.delay_s = 0.6  # so that who does not look again is still at it 2 s later
        committed: dict[UUID, datetime] = {}  # what is promised counts from the commit: asking waits for a connection
        connections = asyncio.Semaphore(8)  # on a slow machine the last would wait for one in vain

        async def acknowledge(mail: NotificationRow) -> None:
            async with connections, pager.deps.commands("user:1") as uow:
                await incidents.acknowledge(uow, mail.incident_id)
            committed[mail.incident_id] = pager.deps.clock.now()

        async with pager.sending():
            await asyncio.gather(*(acknowledge(mail) for mail in mails[::-1]))
            await asyncio.sleep(2.5)

        begun = await pager.rows(
            "SELECT n.incident_id, a.started_at FROM attempts a JOIN notifications n ON n.id = a.notification_id"
        )
        late = [at for incident_id, at in begun if at > committed[incident_id] + timedelta(seconds=1)]
        left = await pager.rows("SELECT id FROM notifications WHERE status NOT IN ('accepted', 'superseded')")
        sent = await pager.rows("SELECT count(*) FROM notifications WHERE status = 'accepted'")
        assert (late, left) == ([], [])
        assert len(pager.smtp.mails) == sent[0][0]


async def test_a_call_that_did_not_begin_in_time_reads_the_incident_again(pager: Pager) -> None:
    mail = await pager.a_mail()
    async with pager.deps.engine_commands("timer:test") as uow:
        begun = await notifications.claim_and_begin(uow, channel="email", worker=1, limit=10, limit_low=5)
    async with pager.deps.commands("user:1") as uow:
        await incidents.acknowledge(uow, mail.incident_id)  # type: ignore[arg-type]

    async with pager.deps.engine_commands("timer:test") as uow:
        may = await notifications.begin_again(uow, begun[0])

    assert not may
    assert await pager.status(mail) == "superseded"
    assert await pager.attempts(mail) == []


async def test_a_call_that_outlasts_its_lease_and_is_begun_anew_ends_neither_the_other_nor_the_sender(
    pager: Pager,
) -> None:
    mail = await pager.a_mail()
    pager.smtp.delay_s = 1.0

    async with pager.sending() as running:
        await pager.attempts_become(["started"], mail)
        await pager.move_on(timedelta(seconds=31))
        await pager.attempts_become(["ambiguous", "accepted"], mail)

        assert not running.sending.done()
    assert len(pager.smtp.mails) == 2


async def test_two_workers_and_a_provider_that_fails_twice_make_one_accepted_message(pager: Pager) -> None:
    user = await a_user(pager.database, reachable=False)
    page = await a_page(pager.database, await pager.an_incident(), user)
    push = await a_notification(pager.database, page, await pager.a_browser(user), position=0)
    pager.push.answers = [Answer(500), Answer(500)]

    async with pager.sending(), pager.sending():
        await pager.attempts_become(["retry"], push)
        await pager.move_on(timedelta(seconds=2))
        await pager.attempts_become(["retry", "retry"], push)
        await pager.move_on(timedelta(seconds=3))
        await pager.becomes("accepted", push)

    assert await pager.attempts(push) == ["retry", "retry", "accepted"]
    assert len(pager.push.taken) == 1


async def test_two_workers_share_many_messages_and_send_none_twice(pager: Pager) -> None:
    incident = await pager.an_incident()
    mails = [await pager.a_mail(incident) for _ in range(80)]

    async with pager.sending() as one, pager.sending() as other:
        await pager.becomes("accepted", *mails, within_s=30 * WIDER)

    assert len(pager.smtp.mails) == 80
    assert len({mail.message["Message-ID"] for mail in pager.smtp.mails}) == 80
    worked = {worker for (worker,) in await pager.rows("SELECT DISTINCT worker FROM attempts")}
    assert worked == {one.worker.id, other.worker.id}


async def test_a_kill_in_the_middle_of_a_call_is_resent_once_marked_as_a_possible_repeat(pager: Pager) -> None:
    mail = await pager.a_mail()
    pager.smtp.moods = [Mood.HANG_AFTER_DOT]
    killed = await pager.start()
    await pager.smtp.mails_come(1)
    await pager.kill(killed)

    await pager.move_on(timedelta(seconds=16))
    await pager.free_what_the_dead_held()
    async with pager.sending():
        await pager.becomes("accepted", mail)

    first, second = pager.smtp.mails
    assert second.message["Subject"] == f"Possible repeat: {first.message['Subject']}"
    assert second.message["Message-ID"] == first.message["Message-ID"]
    assert await pager.attempts(mail) == ["ambiguous", "accepted"]
    assert len(await pager.told("ambiguous")) == 1


async def test_what_was_perhaps_sent_twice_is_not_sent_a_third_time(pager: Pager) -> None:
    mail = await pager.a_mail()
    pager.smtp.moods = [Mood.TAKE_AND_DROP, Mood.TAKE_AND_DROP]

    async with pager.sending():
        await pager.attempts_become(["ambiguous", "ambiguous"], mail)
        await pager.move_on(timedelta(minutes=5))
        await asyncio.sleep(0.2)

    assert len(pager.smtp.mails) == 2
    assert await pager.status(mail) == "ambiguous"


async def test_a_worker_without_its_lock_begins_nothing(pager: Pager) -> None:
    running = await pager.start()
    await running.let_go_of_lock()

    mail = await pager.a_mail()
    pager.wake()
    await asyncio.sleep(0.3)

    assert await pager.status(mail) == "queued"
    assert await pager.attempts(mail) == []
    await pager.kill(running)


async def test_a_dead_channel_never_slows_another(pager: Pager) -> None:
    pager.smtp.mood = Mood.HANG_AT_RECIPIENT
    incident = await pager.an_incident()
    for _ in range(20):
        await pager.a_mail(incident)
    user = await a_user(pager.database, reachable=False)
    page = await a_page(pager.database, incident, user)
    push = await a_notification(pager.database, page, await pager.a_browser(user), position=0)

    running = await pager.start()
    await pager.becomes("accepted", push, within_s=5 * WIDER)
    await pager.kill(running)

    assert pager.smtp.mails == []


async def test_half_of_the_places_are_kept_for_high_urgency(pager: Pager) -> None:
    pager.smtp.moods = [Mood.HANG_AT_RECIPIENT] * 2
    quiet = await pager.an_incident(urgency="low")
    for _ in range(6):
        await pager.a_mail(quiet, urgency="low")
    running = await pager.start(widths={"email": 4})
    await until(pager.under_way, 2)
    await asyncio.sleep(0.1)
    under_way = await pager.under_way()
    pager.smtp.moods, pager.smtp.mood = [], Mood.TAKE

    loud = await pager.a_mail()
    pager.wake()
    await pager.becomes("accepted", loud, within_s=5 * WIDER)
    await pager.kill(running)

    assert under_way == 2


async def test_first_attempts_go_before_retries_and_high_before_low(pager: Pager) -> None:
    quiet, loud = await pager.an_incident(urgency="low"), await pager.an_incident()
    low = await pager.a_mail(quiet, urgency="low", due_at=pager.deps.clock.now() - timedelta(seconds=9))
    retried = await pager.a_mail(loud, attempts=1, due_at=pager.deps.clock.now() - timedelta(seconds=5))
    fresh = await pager.a_mail(loud)

    async with pager.deps.engine_commands("timer:test") as uow:
        begun = await notifications.claim_and_begin(uow, channel="email", worker=1, limit=3, limit_low=1)

    assert [one.notification_id for one in begun] == [fresh.id, retried.id, low.id]


async def test_a_stop_lets_the_call_under_way_end_and_begins_no_other(pager: Pager) -> None:
    pager.smtp.delay_s = 0.4
    first = await pager.a_mail()
    running = await pager.start()
    await until(pager.under_way, 1)

    pager.deps.stopping.set()
    second = await pager.a_mail()
    await asyncio.wait_for(running.sending, PATIENCE_S)
    await running.let_go_of_lock()

    assert await pager.status(first) == "accepted"
    assert await pager.status(second) == "queued"
    assert await pager.rows("SELECT id FROM notifications WHERE lease_until IS NOT NULL") == []


async def test_the_time_from_due_to_the_call_is_measured(pager: Pager) -> None:
    before = REGISTRY.get_sample_value("opsknight_due_to_handoff_seconds_count") or 0
    mail = await pager.a_mail()

    async with pager.sending():
        await pager.becomes("accepted", mail)

    assert REGISTRY.get_sample_value("opsknight_due_to_handoff_seconds_count") == before + 1


async def test_a_message_that_waited_too_long_says_how_late_it_is(pager: Pager) -> None:
    mail = await pager.a_mail()
    await pager.move_on(timedelta(minutes=12))

    async with pager.sending():
        await pager.becomes("accepted", mail)

    assert pager.smtp.mails[0].message["Subject"].endswith("(12 min late)")


async def test_connections_that_break_all_the_time_lose_no_message_and_send_none_twice(
    pager: Pager, addresses: Addresses
) -> None:
    incident = await pager.an_incident()
    mails = [await pager.a_mail(incident) for _ in range(40)]
    admin = await connect(addresses.admin_dsn, purpose="tests")

    async def break_connections() -> None:
        for _ in range(12):
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'opsknight engine' AND datname = current_database()"
            )
            await asyncio.sleep(0.05)

    async with pager.sending():
        await break_connections()
        await pager.becomes("accepted", *mails, within_s=30 * WIDER)
    await admin.close()

    assert len({mail.message["Message-ID"] for mail in pager.smtp.mails}) == 40
    assert len(pager.smtp.mails) == 40
