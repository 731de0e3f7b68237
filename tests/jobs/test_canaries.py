"""Canaries: that they fly, what they prove, and what is told of a time in which they did not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from opsknight import app, readiness, watchdog
from opsknight.domain.commands import canaries
from opsknight.domain.model.canary import Flight, Spell, arrives, blind, silenced
from opsknight.domain.model.readiness import State
from opsknight.domain.queries.canaries import own, spells, standings
from opsknight.errors import CannotStart
from opsknight.jobs import channels, vouch
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from opsknight.settings import Settings
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.clock import NOON
from tests.jobs.pager import Pager
from tests.peers.http_provider import http_peer
from tests.peers.smtp import Mood

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


async def fly(pager: Pager, **addresses: str) -> list[Spell]:
    """Release this minute's canaries and let them arrive."""
    async with pager.deps.engine_commands("timer:canary") as uow:
        told = await canaries.release(uow, addresses)
    pager.wake()
    return list(told)


async def test_a_canary_of_our_own_flies_and_arrives(pager: Pager):
    async with pager.sending():
        await fly(pager)
        await pager.becomes_settled()
        await fly(pager)

    async with pager.deps.reading() as session:
        flight = await own(session)
    assert flight is not None
    assert flight.outcome == "accepted"


async def test_a_canary_that_has_just_arrived_proves_it_before_the_next_one_is_released(pager: Pager):
    async with pager.sending():
        await fly(pager)
        await pager.becomes_settled()

    async with pager.deps.reading() as session:
        assert arrives(await own(session), at=pager.deps.clock.now()) == ""


async def test_a_canary_by_mail_goes_to_the_address_that_is_set_and_is_counted(pager: Pager):
    async with pager.sending():
        await fly(pager, email="canary@example.org")
        await pager.becomes_settled()
        await pager.move_on(MINUTE)
        pager.smtp.moods.append(Mood.REFUSE_FOR_GOOD)
        await fly(pager, email="canary@example.org")
        await pager.becomes_settled()
        await fly(pager, email="canary@example.org")

    async with pager.deps.reading() as session:
        (line,) = await standings(session, at=pager.deps.clock.now())
    assert [mail.to for mail in pager.smtp.mails[:1]] == [["canary@example.org"]]
    assert (line["channel"], line["ended"], line["taken"], line["last_outcome"]) == ("email", 2, 1, "failed")


async def test_the_next_canary_waits_until_the_last_has_ended(pager: Pager):
    await fly(pager)
    await fly(pager)

    assert await pager.rows("SELECT count(*) FROM canaries") == [(1,)]


async def test_canaries_leave_no_fact_and_are_forgotten_after_a_day_but_for_the_last_that_arrived(pager: Pager):
    async with pager.sending():
        for _ in range(3):
            await fly(pager)
            await pager.becomes_settled()
            await pager.move_on(MINUTE)
    before = await pager.rows("SELECT count(*) FROM facts")
    await pager.move_on(timedelta(hours=25))
    await fly(pager)

    assert before == [(0,)]
    assert await pager.rows("SELECT count(*) FROM notifications") == [(2,)]  # that one, and the one that flies now


async def test_a_blind_spell_is_told_to_the_admins_once_with_the_pages_that_were_late(pager: Pager):
    admin = await a_user(pager.database, "Ada", role="admin")
    async with pager.sending():
        await fly(pager)
        await pager.becomes_settled()
    await fly(pager)
    late = await pager.a_mail(await pager.an_incident(title="Disk full on db-1"), due_at=NOON + MINUTE)
    await pager.move_on(10 * MINUTE)
    async with pager.sending():
        await pager.becomes("accepted", late)
        await pager.becomes_settled()
        told = await fly(pager)
        again = await fly(pager)
        await pager.becomes_settled()

    assert [spell.to_at - spell.from_at for spell in told] == [10 * MINUTE]
    assert again == []
    (note,) = [mail for mail in pager.smtp.mails if mail.to == [admin.email]]
    assert "blind for 10 min" in note.message["Subject"]
    assert "Disk full on db-1" in note.text
    assert "9 min late" in note.text
    async with pager.deps.reading() as session:
        assert len(await spells(session)) == 1


@pytest.mark.parametrize("hours", [23, 25, 100])
async def test_a_blind_spell_is_told_however_long_it_was(pager: Pager, hours: int):
    async with pager.sending():
        for _ in range(2):
            await fly(pager)
            await pager.becomes_settled()
    await pager.move_on(timedelta(hours=hours))
    told: list[Spell] = []
    async with pager.sending():
        for _ in range(2):
            told += await fly(pager)
            await pager.becomes_settled()

    assert [spell.to_at - spell.from_at for spell in told] == [timedelta(hours=hours)]


async def test_a_discreet_note_of_a_blind_spell_names_services_instead_of_titles(pager: Pager):
    admin = await a_user(pager.database, "Ada", role="admin")
    async with pager.sending():
        await fly(pager)
        await pager.becomes_settled()
    await fly(pager)
    incident = await pager.an_incident(title="Payroll of Grace is late", service="Payroll")
    late = await pager.a_mail(incident, due_at=NOON + MINUTE)
    await pager.move_on(10 * MINUTE)
    async with pager.sending():
        await pager.becomes("accepted", late)
        await pager.becomes_settled()
        pager.deps.settings = pager.deps.settings.model_copy(update={"discreet": True})
        await vouch.release(pager.deps)
        await pager.becomes_settled()

    (note,) = [mail for mail in pager.smtp.mails if mail.to == [admin.email]]
    assert "Grace" not in note.text
    assert f"#{incident.number} Payroll to " in note.text


async def test_several_workers_together_send_one_canary_a_minute_by_each_channel(pager: Pager):
    async with pager.sending():
        for _ in range(2):
            for _ in range(4):
                await fly(pager, email="canary@example.org")
                await pager.becomes_settled()
            await pager.move_on(MINUTE)

    assert len(pager.smtp.mails) == 2


async def test_a_page_that_fell_due_while_the_engine_was_dead_is_named_though_it_was_written_after_its_return(
    pager: Pager,
):
    admin = await a_user(pager.database, "Ada", role="admin")
    async with pager.sending():
        await fly(pager)
        await pager.becomes_settled()
    await fly(pager)
    await pager.move_on(10 * MINUTE)
    back_at = pager.deps.clock.now()
    incident, user = (
        await pager.an_incident(title="Disk full on db-1"),
        await a_user(pager.database, "Bo", reachable=False),
    )
    page = await a_page(pager.database, incident, user, due_at=NOON + MINUTE, created_at=back_at)
    mailbox = await a_contact_method(pager.database, user)
    late = await a_notification(pager.database, page, mailbox, position=0, due_at=back_at)
    async with pager.sending():
        await pager.becomes("accepted", late)
        await pager.becomes_settled()
        await fly(pager)
        await pager.becomes_settled()

    (note,) = [mail for mail in pager.smtp.mails if mail.to == [admin.email]]
    assert "Disk full on db-1 to Bo by mail: 9 min late" in note.text
    assert "No page" not in note.text


async def test_a_late_page_that_went_together_with_another_is_named_too(pager: Pager):
    admin = await a_user(pager.database, "Ada", role="admin")
    async with pager.sending():
        await fly(pager)
        await pager.becomes_settled()
    await fly(pager)
    user = await a_user(pager.database, "Bo", reachable=False)
    mailbox = await a_contact_method(pager.database, user)
    for title in ("Disk full on db-1", "Disk full on db-2"):
        page = await a_page(pager.database, await pager.an_incident(title=title), user, due_at=NOON + MINUTE)
        await a_notification(pager.database, page, mailbox, position=0)
    await pager.move_on(10 * MINUTE)
    async with pager.sending():
        await pager.becomes_settled()
        await fly(pager)
        await pager.becomes_settled()

    (note,) = [mail for mail in pager.smtp.mails if mail.to == [admin.email]]
    assert "2 messages went out late:" in note.text
    assert "db-1 to Bo" in note.text
    assert "db-2 to Bo" in note.text


@pytest.mark.parametrize(
    ("newest", "why"),
    [
        (None, "no canary has arrived yet"),
        (Flight(NOON, NOON + SECOND), ""),
        (Flight(NOON - 4 * MINUTE, NOON - 4 * MINUTE), "no canary has arrived for 4 min 1 s"),
        (Flight(NOON - 90 * SECOND, NOON - 90 * SECOND), "no canary has arrived for 1 min 31 s"),
        (Flight(NOON - 89 * SECOND, NOON - 89 * SECOND), ""),
        (Flight(NOON - MINUTE, NOON - 20 * SECOND), "the last canary took 40 s"),
    ],
)
def test_nobody_vouches_for_paging_without_a_canary_that_arrived_in_time(newest: Flight | None, why: str):
    assert arrives(newest, at=NOON + SECOND) == why


def test_a_canary_that_follows_in_time_ends_no_blind_spell():
    assert blind(Flight(NOON, NOON), Flight(NOON + MINUTE, NOON + MINUTE + 30 * SECOND)) is None


def test_a_time_for_which_a_watchdog_pages_is_a_blind_spell():
    back_at = NOON + timedelta(seconds=watchdog.BLIND_AFTER_S) + SECOND

    assert blind(Flight(NOON, NOON), Flight(back_at, back_at)) == Spell(NOON, back_at)


async def test_the_watcher_outside_is_called_only_while_pages_go_out(pager: Pager):
    async with http_peer() as outside:
        settings = {"heartbeat_url": f"{outside.origin}/ping", "smtp_url": pager.smtp.url}
        pager.deps.settings = Settings(_env_file=None, **settings)  # type: ignore[call-arg]
        pager.deps.channels = table.kinds(Ground(pager.deps.settings, "", pager.deps.clock.now))
        before = await vouch.vouch(pager.deps)
        async with pager.sending():
            await fly(pager)
            await pager.becomes_settled()
            await fly(pager)
            await pager.becomes_settled()
        now = await vouch.vouch(pager.deps)
        await pager.move_on(10 * MINUTE)
        later = await vouch.vouch(pager.deps)

    assert (before, now, later) == (False, True, False)
    assert [asked.path for asked in outside.asked] == ["/ping"]


async def test_the_watcher_outside_hears_nothing_while_no_canary_arrives_by_any_channel_that_has_one(pager: Pager):
    async with http_peer() as outside:
        settings = {
            "heartbeat_url": f"{outside.origin}/ping",
            "smtp_url": pager.smtp.url,
            "canary": "email=c@example.org",
        }
        pager.deps.settings = Settings(_env_file=None, **settings)  # type: ignore[call-arg]
        pager.deps.channels = table.kinds(Ground(pager.deps.settings, "", pager.deps.clock.now))
        pager.smtp.mood = Mood.REFUSE_FOR_GOOD
        vouched: list[bool] = []
        async with pager.sending():
            for _ in range(5):
                await fly(pager, **pager.deps.settings.canaries)
                await pager.becomes_settled()
                vouched.append(await vouch.vouch(pager.deps))
                await pager.move_on(MINUTE)
            [why] = [one for one in await readiness.look(pager.deps) if one.name == "canaries"]
            pager.smtp.mood = Mood.TAKE
            await fly(pager, **pager.deps.settings.canaries)
            await pager.becomes_settled()
            vouched.append(await vouch.vouch(pager.deps))

    assert vouched == [True, True, True, True, False, True]
    assert why.state is State.BAD
    assert why.sentence.startswith(
        "No page gets through: no canary arrives by mail (for 5 min; The mail server said 550"
    )


MAIL_AND_SMS = {"email": NOON - 4 * MINUTE, "sms": NOON - 4 * MINUTE}


@pytest.mark.parametrize(
    ("flown", "unproven", "silent"),
    [
        (["email", "ntfy"], MAIL_AND_SMS, []),
        (["email"], MAIL_AND_SMS, ["email"]),
        (["email", "sms"], {"email": NOON - 9 * MINUTE}, []),
        (["email", "sms", "voice"], MAIL_AND_SMS, []),
        (["email", "sms"], {"sms": NOON - 4 * MINUTE}, ["sms"]),
        (["email", "sms"], {"sms": NOON - 3 * MINUTE}, []),
        ([], MAIL_AND_SMS, []),
    ],
)
def test_pages_do_not_get_through_when_no_channel_that_wakes_does_and_where_none_wakes_when_none_does(
    flown: list[str], unproven: dict[str, datetime], silent: list[str]
):
    assert list(silenced(flown, unproven, at=NOON)) == silent


def test_the_sink_is_a_channel_that_nobody_adds():
    assert not channels.table.kinds(Ground(Settings(_env_file=None), "", lambda: NOON))["sink"].people  # type: ignore[call-arg]


@pytest.mark.parametrize("slug", ["emial", "sink"])
def test_a_canary_by_a_channel_that_there_is_not_keeps_from_starting_and_the_channels_are_named(slug: str):
    wrong = Settings(_env_file=None, canary=f"ntfy=ops-canary {slug}=canary@example.org")  # type: ignore[call-arg]

    with pytest.raises(CannotStart) as refusal:
        app.build(wrong)

    assert str(refusal.value).startswith(
        f"OPSKNIGHT_CANARY: there is no channel “{slug}”, so no canary would go out by it. Write one of "
    )
    assert " email, " in str(refusal.value)
