"""What comes back to our mails: reports of mail servers, and answers of people, by the real door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.api.mail_answering import ARRIVED, OF_NONE, TOO_OLD
from opsknight.domain.commands import incidents, own_methods, replies
from opsknight.domain.model.mail_reply import HELP, HINT
from opsknight.domain.store.engine import Database
from tests.builders import a_contact_method, a_notification, a_page
from tests.clock import StoppedClock
from tests.jobs.an_office import MAILBOX, Office, an_office
from tests.jobs.pager import Pager
from tests.peers.reports import by_an_old_exim, by_exim, by_postfix
from tests.peers.smtp import Mail

NOT_THERE = "The mail came back: 550 5.1.1"


@pytest.fixture
async def office(database: Database, clock: StoppedClock) -> AsyncIterator[Office]:
    async with an_office(database, clock) as opened:
        yield opened


# --- the address ------------------------------------------------------------------------------------------------


async def test_a_mail_names_an_address_of_its_own_for_reports_and_answers_and_says_how_to_answer(office: Office):
    first, second = await office.a_mailed_page(), await office.a_mailed_page()
    async with office.pager.sending():
        mails = [await office.mailed(page) for page in (first, second)]

    for mail in mails:
        assert mail.sender.startswith("opsknight+")
        assert mail.message["Reply-To"] == mail.sender
        assert mail.message["From"] == "OpsKnight <pager@example.org>"
        assert HINT in mail.text
    assert mails[0].sender != mails[1].sender


async def test_without_a_mailbox_a_mail_is_as_it_was(pager: Pager):
    mail = await pager.a_mail()
    async with pager.sending():
        await pager.becomes("accepted", mail)

    (sent,) = pager.smtp.mails
    assert sent.sender == "pager@example.org"
    assert sent.message["Reply-To"] is None
    assert HINT not in sent.text


@pytest.mark.parametrize(
    "address", [MAILBOX, "opsknight+@pages.example.com", f"opsknight+{'a' * 42}@pages.example.com"]
)
async def test_an_address_that_no_mail_of_ours_has_is_refused(office: Office, address: str):
    assert (await office.hand_in(b"Subject: x\r\n\r\nack\r\n", address)).startswith("550 5.1.1")


# --- reports ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [by_postfix, by_exim, by_an_old_exim])
async def test_after_a_mail_that_came_back_the_next_contact_method_starts_and_the_address_is_switched_off(
    office: Office, write: Callable[[Mail], bytes]
):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

        reply = await office.hand_in(write(mail), mail.sender.upper())
        office.pager.wake()
        await office.pager.becomes("accepted", page.push)

    assert reply.startswith("250")
    assert await office.pager.status(page.mail) == "failed"
    (told,) = await office.pager.told("failed")
    assert told["detail"].startswith(NOT_THERE)
    assert await office.address_is_off(page)


async def test_a_mail_that_failed_elsewhere_on_its_way_leaves_the_address_on(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    await office.hand_in(by_postfix(mail, to="left@elsewhere.example"), mail.sender)

    assert await office.pager.status(page.mail) == "failed"
    assert not await office.address_is_off(page)


async def test_a_mail_that_is_delayed_or_passed_on_is_neither_delivered_nor_lost_and_may_be_either_later(
    office: Office,
):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    for action, status in (("delayed", "4.4.1"), ("relayed", "2.0.0")):
        assert (await office.hand_in(by_postfix(mail, action, status), mail.sender)).startswith("250")
        assert await office.pager.status(page.mail) == "accepted"
    await office.hand_in(by_postfix(mail), mail.sender)
    assert await office.pager.status(page.mail) == "failed"


async def test_a_report_that_comes_again_or_after_another_changes_nothing_more(office: Office):
    arrived, lost = await office.a_mailed_page(), await office.a_mailed_page()
    async with office.pager.sending():
        to_arrived, to_lost = await office.mailed(arrived), await office.mailed(lost)

    for mail, actions in (
        (to_arrived, ("delivered", "failed", "delivered")),
        (to_lost, ("failed", "failed", "delivered")),
    ):
        for action in actions:
            assert (await office.hand_in(by_postfix(mail, action), mail.sender)).startswith("250")

    assert [await office.pager.status(one.mail) for one in (arrived, lost)] == ["delivered", "failed"]
    assert len(await office.pager.told("failed")) == len(await office.pager.told("delivered")) == 1


async def test_a_report_that_overtakes_our_own_writing_is_waited_for(office: Office):
    page = await office.a_mailed_page()
    office.pager.smtp.delay_s = 0.6
    async with office.pager.sending():
        await office.pager.becomes("sending", page.mail)
        back = office.pager.deps.mail_back
        assert back is not None
        to_be = Mail(back.address(page.mail.id), [page.user.email], b"Subject: x\r\n\r\nx\r\n")

        assert (await office.hand_in(by_postfix(to_be), to_be.sender)).startswith("250")

    assert await office.pager.status(page.mail) == "failed"


# --- answers ----------------------------------------------------------------------------------------------------


async def test_an_answer_acts_in_the_name_of_whom_the_mail_went_to_and_is_answered_by_mail(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

        reply = await office.answer(mail, "Ack.")
        office.pager.wake()
        _, answer = await office.pager.smtp.mails_come(2)

    said = f"#{page.incident.number}: Acknowledged “Disk full on db-1”; nobody is paged any more."
    assert reply == "250 2.0.0 Taken"
    assert await office.incident(page) == ("acknowledged", page.user.id)
    assert [fact["via"] for fact in await office.pager.told("acknowledged")] == ["mail reply"]
    assert await office.pager.status(page.mail) == "seen"
    assert (answer.to, answer.message["Subject"], answer.message["Auto-Submitted"]) == (
        [page.user.email], said, "auto-generated",
    )  # fmt: skip


async def test_an_answer_to_the_answer_is_about_no_incident_unless_it_names_one(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        await office.answer(await office.mailed(page), "ack")
        office.pager.wake()
        _, answer = await office.pager.smtp.mails_come(2)
        await asyncio.sleep(0)

        await office.answer(answer, "resolve")
        await office.answer(answer, f"{page.incident.number}r")

    assert (await office.said_to(page))[1:] == [
        OF_NONE,
        f"#{page.incident.number}: Resolved “Disk full on db-1”.",
    ]
    assert (await office.incident(page))[0] == "resolved"


async def test_a_stale_answer_does_nothing_and_says_what_happened_meanwhile(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)
    async with office.pager.deps.commands(f"user:{page.user.id}") as uow:
        await incidents.resolve(uow, page.incident.id)

    await office.answer(mail, "ack")

    number = page.incident.number
    assert await office.said_to(page) == [f"#{number}: Cannot acknowledge “Disk full on db-1”: it is already resolved."]


@pytest.mark.parametrize(
    ("words", "status"), [("resolve", "resolved"), ("ack all", "acknowledged"), ("close", "resolved")]
)
async def test_the_other_words_of_a_text_are_words_of_a_mail_too(office: Office, words: str, status: str):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    await office.answer(mail, words)

    assert (await office.incident(page))[0] == status


async def test_ack_takes_what_the_mail_was_about_alone_and_ack_all_whatever_was_mailed_lately(office: Office):
    page = await office.a_mailed_page()
    other = await office.pager.an_incident(title="Slow")
    at_home = await a_contact_method(office.pager.database, page.user, address="at-home@example.org")
    to_other = await a_page(office.pager.database, other, page.user)
    more = await a_notification(office.pager.database, to_other, at_home, position=0)
    async with office.pager.sending():
        mail = await office.mailed(page)
        await office.pager.becomes("accepted", more)
    sql = "SELECT status FROM incidents WHERE id = :id"

    await office.answer(mail, "ack")
    first = await office.pager.rows(sql, id=other.id)
    await office.answer(mail, "ack all")

    assert (first, await office.pager.rows(sql, id=other.id)) == ([("open",)], [("acknowledged",)])


async def test_what_is_not_understood_does_nothing_and_is_answered_once_an_hour(office: Office, clock: StoppedClock):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    for words in ("I will not ack this", "ack? by whom?", "", "STOP", "yes"):
        assert (await office.answer(mail, words)).startswith("250")
    assert await office.said_to(page) == [HELP]
    assert (await office.incident(page))[0] == "open"
    assert not await office.address_is_off(page)

    clock.advance(timedelta(minutes=61))
    await office.answer(mail, "hello?")
    assert await office.said_to(page) == [HELP, HELP]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Autoreply": "yes"},
        {"Precedence": "bulk"},
        {"List_Id": "<ops.example.com>"},
        {"X_OpsKnight": "elsewhere.example.com"},
    ],
    ids=str,
)
async def test_a_machine_orders_nothing_and_is_never_answered(office: Office, headers: dict[str, str]):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    assert (await office.answer(mail, "ack", **headers)).startswith("250")
    assert (await office.answer(mail, "I am away", **headers)).startswith("250")

    assert await office.said_to(page) == []
    assert (await office.incident(page))[0] == "open"


async def test_a_mail_without_a_sender_orders_nothing(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    assert (await office.hand_in(b"Subject: x\r\n\r\nack\r\n", mail.sender, sender="")).startswith("250")

    assert await office.said_to(page) == []
    assert (await office.incident(page))[0] == "open"


async def test_an_answer_that_is_sent_again_acts_once_and_is_answered_once(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    for _ in range(3):
        assert (await office.answer(mail, "escalate", once="<same@mail.example.com>")).startswith("250")

    assert len(await office.pager.told("escalated")) == 1
    assert len(await office.said_to(page)) == 1


async def test_an_answer_that_was_acted_on_and_never_ended_is_not_acted_on_twice_and_is_answered_then(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    with monkeypatch.context() as broken:
        broken.setattr(replies, "end", _cut_off)
        cut_off = await office.answer(mail, "escalate", once="<same@mail.example.com>")
    again = await office.answer(mail, "escalate", once="<same@mail.example.com>")

    assert (cut_off[:3], again[:3]) == ("451", "250")
    assert len(await office.pager.told("escalated")) == 1
    (said,) = await office.said_to(page)
    assert said.startswith(f"#{page.incident.number}: Escalated")


async def test_an_answer_that_comes_twice_at_once_acts_once_and_is_answered_once(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    both = [office.answer(mail, "escalate", once="<same@mail.example.com>") for _ in range(4)]
    assert {reply[:3] for reply in await asyncio.gather(*both)} == {"250"}

    assert len(await office.pager.told("escalated")) == 1
    assert len(await office.said_to(page)) == 1


async def _cut_off(*_: object, **__: object) -> bool:
    raise ConnectionResetError


async def test_an_answer_to_a_mail_of_yesterday_does_nothing_and_says_so(office: Office, clock: StoppedClock):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)
    clock.advance(timedelta(hours=24, seconds=1))

    await office.answer(mail, "ack")

    assert await office.said_to(page) == [TOO_OLD]
    assert (await office.incident(page))[0] == "open"


@pytest.mark.parametrize(
    "undone",
    [
        "UPDATE users SET active = false WHERE id = {user}",
        "UPDATE contact_methods SET verified_at = NULL WHERE id = {method}",
    ],
)
async def test_whoever_is_not_active_or_has_not_the_address_any_more_orders_nothing(office: Office, undone: str):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)
    async with office.pager.database.commands() as session:
        await session.execute(text(undone.format(user=page.user.id, method=page.mail.contact_method_id)))
        await session.commit()

    assert (await office.answer(mail, "ack")).startswith("250")

    assert (await office.incident(page))[0] == "open"
    assert await office.said_to(page) == []


async def test_an_answer_to_a_test_says_that_it_arrived(office: Office):
    page = await office.a_mailed_page()
    async with office.pager.deps.commands(f"user:{page.user.id}") as uow:
        await own_methods.try_one(uow, page.mail.contact_method_id)
    async with office.pager.sending():
        await office.mailed(page)
        office.pager.wake()
        mails = await office.pager.smtp.mails_come(2)
        test = next(mail for mail in mails if mail.message["Subject"].startswith("Test"))
        await office.pager.count_becomes("SELECT count(*) FROM notifications WHERE status = 'accepted'", 2)

        await office.answer(test, "ack")

    assert await office.said_to(page) == [ARRIVED]
    assert (await office.incident(page))[0] == "open"


async def test_a_database_that_is_away_makes_the_mail_server_come_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    page = await office.a_mailed_page()
    async with office.pager.sending():
        mail = await office.mailed(page)

    def away(*_: object) -> object:
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr(office.pager.deps.database, "commands", away)
        replies = [await office.answer(mail, "ack"), await office.hand_in(by_postfix(mail), mail.sender)]

    assert {reply[:3] for reply in replies} == {"451"}
    assert await office.pager.status(page.mail) == "accepted"
    assert (await office.incident(page))[0] == "open"
