"""Messages that go together: one summary per person after an outage, or when much wakes at once (fault 14)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.due import fire
from opsknight.domain.commands.incidents import acknowledge, resolve
from opsknight.domain.queries.pages import pages
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.builders import a_policy, a_service, a_stored_incident, a_user
from tests.clock import NOON
from tests.jobs.pager import Pager
from tests.peers.smtp import Mood

HALF_AN_HOUR = timedelta(minutes=30)


async def run_engine(pager: Pager) -> None:
    """Fire what is due, as the engine would."""
    async with pager.deps.engine_commands("engine:claim") as uow:
        timers = await claim(uow, worker=1, limit=100)
    async with pager.deps.engine_commands("timer:engine") as uow:
        await fire(uow, timers)


async def some_incidents(pager: Pager, *people: UserRow, count: int, **columns: object) -> list[IncidentRow]:
    """Open incidents, each of which pages the first of `people`, then the next."""
    policy = await a_policy(pager.database, *people)
    service = await a_service(pager.database, "Checkout", policy=policy)
    said = {"timer": "escalation", **columns}
    return [await a_stored_incident(pager.database, service, title=f"Disk {n}", **said) for n in range(count)]


async def act(pager: Pager, verb: Callable[..., Awaitable[object]], who: UserRow, incidents: list[IncidentRow]) -> None:
    for incident in incidents:
        async with pager.deps.commands(f"user:{who.id}") as uow:
            await verb(uow, incident.id)


async def statuses(pager: Pager) -> dict[str, int]:
    return dict(await pager.rows("SELECT status, count(*) FROM notifications GROUP BY status"))  # type: ignore[arg-type]


async def test_after_senders_were_off_there_is_one_summary_for_what_is_still_open(pager: Pager) -> None:
    ada, bo = await a_user(pager.database, "Ada"), await a_user(pager.database, "Bo")
    incidents = await some_incidents(pager, ada, count=50)
    ended, still_open = incidents[:30], incidents[30:]
    await run_engine(pager)
    await act(pager, resolve, bo, ended)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]

    async with pager.sending():
        await pager.smtp.mails_come(1)
        await pager.becomes_settled()

    (mail,) = pager.smtp.mails
    assert mail.message["Subject"] == "20 open in Checkout: CRITICAL Checkout: Disk 30 and 19 more (30 min late)"
    assert all(f"#{row.number} CRITICAL Checkout: {row.title} (30 min late)" in mail.text for row in still_open)
    assert "Disk 29" not in mail.text
    assert await statuses(pager) == {"superseded": 30, "bundled": 19, "accepted": 1}


async def test_each_incident_shows_with_which_message_it_went(pager: Pager) -> None:
    ada = await a_user(pager.database, "Ada")
    first, second = await some_incidents(pager, ada, count=2)
    await run_engine(pager)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]

    async with pager.sending():
        await pager.smtp.mails_come(1)
        await pager.becomes_settled()

    async with pager.deps.reading() as session:
        found = [(await pages(session, one.id))[0]["notifications"][0] for one in (first, second)]
    carrier, bundled = sorted(found, key=lambda line: line["status"])
    assert (bundled["status"], bundled["bundled_into"]) == ("bundled", carrier["id"])
    assert bundled["sentence"].startswith("It went together with the message of #")
    assert len(await pager.told("bundled")) == 1


async def test_what_is_on_time_is_never_bundled(pager: Pager) -> None:
    await some_incidents(pager, await a_user(pager.database, "Ada"), count=3)
    await run_engine(pager)

    async with pager.sending():
        await pager.smtp.mails_come(3)

    assert all("/ack/" in mail.text for mail in pager.smtp.mails)


async def test_after_an_outage_of_everything_each_person_has_one_summary_and_steps_go_on_from_now(
    pager: Pager,
) -> None:
    ada, bo = await a_user(pager.database, "Ada"), await a_user(pager.database, "Bo")
    await some_incidents(pager, ada, bo, count=5)
    await some_incidents_of_bo(pager, bo)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]
    await run_engine(pager)

    async with pager.sending():
        await pager.smtp.mails_come(2)
        await pager.becomes_settled()

    subjects = sorted(str(mail.message["Subject"]) for mail in pager.smtp.mails)
    assert [subject.split(":")[0] for subject in subjects] == ["4 open in Search", "5 open in Checkout"]
    due_in = {due_at - pager.deps.clock.now() for (due_at,) in await pager.rows("SELECT due_at FROM timers")}
    assert due_in == {timedelta(minutes=5)}
    assert await pager.rows("SELECT DISTINCT step FROM pages") == [(0,)]


async def some_incidents_of_bo(pager: Pager, bo: UserRow) -> None:
    policy = await a_policy(pager.database, bo)
    service = await a_service(pager.database, "Search", policy=policy)
    for number in range(4):
        await a_stored_incident(pager.database, service, title=f"Index {number}", timer="escalation")


async def test_what_wakes_together_is_told_together(pager: Pager) -> None:
    ada = await a_user(pager.database, "Ada")
    await some_incidents(pager, ada, count=4, timer="snooze_end", status="snoozed", until=NOON)
    await run_engine(pager)
    await run_engine(pager)

    async with pager.sending():
        await pager.smtp.mails_come(1)
        await pager.becomes_settled()

    assert pager.smtp.mails[0].message["Subject"] == "4 open in Checkout: CRITICAL Checkout: Disk 0 and 3 more"
    assert await statuses(pager) == {"bundled": 3, "accepted": 1}


async def test_when_the_carrying_message_is_withdrawn_the_others_are_sent_after_all(pager: Pager) -> None:
    ada = await a_user(pager.database, "Ada")
    incidents = await some_incidents(pager, ada, count=3)
    await run_engine(pager)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]
    pager.smtp.moods = [Mood.REFUSE_FOR_NOW]

    async with pager.sending():
        await pager.count_becomes("SELECT count(*) FROM attempts WHERE outcome = 'retry'", 1)
        (carrier,) = await pager.rows(
            "SELECT incident_id FROM notifications WHERE id = ANY(SELECT bundled_into FROM notifications)"
        )
        await act(pager, acknowledge, ada, [one for one in incidents if one.id == carrier[0]])
        await pager.smtp.mails_come(1)
        await pager.becomes_settled()

    assert str(pager.smtp.mails[0].message["Subject"]).startswith("2 open in Checkout")
    assert await statuses(pager) == {"superseded": 1, "bundled": 1, "accepted": 1}
    assert len(await pager.told("unbundled")) == 2


async def test_what_is_acknowledged_while_the_summary_is_tried_again_is_not_told_any_more(pager: Pager) -> None:
    ada = await a_user(pager.database, "Ada")
    incidents = await some_incidents(pager, ada, count=3)
    await run_engine(pager)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]
    pager.smtp.moods = [Mood.REFUSE_FOR_NOW]

    async with pager.sending():
        await pager.count_becomes("SELECT count(*) FROM attempts WHERE outcome = 'retry'", 1)
        (bundled, *_) = await pager.rows("SELECT incident_id FROM notifications WHERE status = 'bundled'")
        await act(pager, acknowledge, ada, [one for one in incidents if one.id == bundled[0]])
        await pager.move_on(timedelta(seconds=5))
        await pager.smtp.mails_come(1)

    assert str(pager.smtp.mails[0].message["Subject"]).startswith("2 open in Checkout")


async def test_an_address_that_is_refused_for_good_fails_each_of_them_and_their_steps_go_on(pager: Pager) -> None:
    ada, bo = await a_user(pager.database, "Ada"), await a_user(pager.database, "Bo")
    await some_incidents(pager, ada, bo, count=2)
    await run_engine(pager)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]
    pager.smtp.mood = Mood.REFUSE_FOR_GOOD
    async with pager.deps.commands("system:test") as uow:  # the next steps are not due yet
        await uow.session.execute(text("UPDATE timers SET due_at = :at"), {"at": uow.now + timedelta(minutes=4)})

    async with pager.sending():
        await pager.count_becomes("SELECT count(*) FROM notifications WHERE status = 'failed'", 2)

    assert await pager.rows("SELECT DISTINCT due_at FROM timers") == [(pager.deps.clock.now(),)]


async def test_what_two_steps_of_one_incident_send_at_one_instant_is_one_message_about_it(pager: Pager) -> None:
    ada = await a_user(pager.database, "Ada")
    incident, other = await some_incidents(pager, ada, ada, count=2)
    async with pager.deps.commands(f"user:{ada.id}") as uow:
        await uow.session.execute(text("UPDATE escalation_steps SET wait_s = 0"))
        await uow.session.execute(text("DELETE FROM timers WHERE subject = :id"), {"id": other.id})
    for _ in range(2):
        await run_engine(pager)
    pager.deps.clock.advance(HALF_AN_HOUR)  # type: ignore[attr-defined]

    async with pager.sending():
        await pager.smtp.mails_come(1)
        await pager.becomes_settled()

    (mail,) = pager.smtp.mails
    assert mail.message["Subject"] == f"CRITICAL Checkout: Disk 0 (#{incident.number}) (30 min late)"
    assert "/ack/" in mail.text
    assert await statuses(pager) == {"bundled": 1, "accepted": 1}
