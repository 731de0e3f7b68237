"""What a message looks like in Telegram, and what Telegram's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind
from opsknight.jobs.channels.channel import Address, Failed, Fault, Message, Outcome, Retry, Sent
from opsknight.jobs.channels.telegram import TelegramChannel, TelegramSettings, chat, said
from tests.jobs.a_message import a_message
from tests.jobs.cases.telegram import CASE, TOKEN
from tests.peers.http_provider import HttpPeer, Said, http_peer

ID = UUID("018f0000-0000-7000-8000-0000000000aa")
HERE = Address("123456789")


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        yield running
        assert not running.mistakes


async def sent(peer: HttpPeer, message: Message | None = None) -> Outcome:
    channel = TelegramChannel(peer.origin, token=TOKEN, now=Clock().now)
    outcome = await channel.send(message or a_message(), HERE)
    await channel.close()
    return outcome


async def amended(peer: HttpPeer, message: Message, provider_id: str = "-100200:57") -> Outcome:
    channel = TelegramChannel(peer.origin, token=TOKEN, now=Clock().now)
    outcome = await channel.amend(message, HERE, provider_id=provider_id)
    await channel.close()
    return outcome


def keyboard(message: Message) -> list[list[tuple[str, str]]]:
    rows: Any = said(message)["reply_markup"]["inline_keyboard"]
    return [[(button["text"], button.get("callback_data") or button["url"]) for button in row] for row in rows]


def test_a_page_says_its_cause_first_and_can_be_answered():
    page = a_message(notification_id=ID)

    assert said(page)["text"] == (
        "CRITICAL Checkout: Disk full on db-1 (#12)\n\nService Checkout, critical, high urgency."
    )
    assert keyboard(page) == [
        [("Acknowledge", f"a:{ID}")],
        [("Resolve", f"r:{ID}"), ("Escalate", f"e:{ID}"), ("Open", "https://ops.example.com/incidents/12")],
    ]


def test_a_test_message_can_be_confirmed():
    page = a_message(notification_id=ID, kind=PageKind.TEST, incident_id=None)

    assert keyboard(page) == [[("It arrived", f"a:{ID}"), ("Open", "https://ops.example.com/incidents/12")]]


def test_where_telegram_takes_no_link_the_address_stands_in_the_text():
    page = a_message(url="http://localhost:8080/incidents/12", body="x" * 9000)

    assert said(page)["text"].endswith("…\nhttp://localhost:8080/incidents/12")
    assert [label for row in keyboard(page) for label, _ in row] == ["Acknowledge", "Resolve", "Escalate"]


def test_a_stranger_s_title_calls_nobody_and_marks_nothing_up():
    page = a_message(subject="Ping @ada and *@everyone* <b>bold</b> ada@example.com", body="@bob [x](http://evil)")

    text = said(page)["text"]

    assert "@ada " not in text
    assert "@bob" not in text
    assert "ada@example.com" in text
    assert "<b>bold</b>" in text
    assert said(page)["link_preview_options"] == {"is_disabled": True}


async def test_whatever_the_length_telegram_takes_it(peer: HttpPeer):
    await sent(peer, a_message(subject="🔥" * 3000, body="🔥 line\n" * 3000))

    assert len(peer.taken) == 1


@pytest.mark.parametrize(("urgency", "silent"), [(Urgency.HIGH, False), (Urgency.LOW, True)])
async def test_only_high_urgency_makes_a_sound(peer: HttpPeer, urgency: Urgency, *, silent: bool):
    await sent(peer, a_message(urgency=urgency))

    assert peer.taken[0].json["disable_notification"] is silent


async def test_a_message_is_known_by_its_chat_and_number(peer: HttpPeer):
    assert await sent(peer) == Sent("123456789:57")


async def test_a_group_that_moved_is_followed(peer: HttpPeer):
    moved = {"ok": False, "description": "group chat was upgraded", "parameters": {"migrate_to_chat_id": -1001}}
    peer.answers.append(Said(400, moved))

    assert isinstance(await sent(peer), Sent)
    assert [asked.json["chat_id"] for asked in peer.asked] == ["123456789", -1001]


async def test_telegram_says_when_to_come_back(peer: HttpPeer):
    peer.answers.append(CASE.for_now)

    outcome = await sent(peer)

    assert isinstance(outcome, Retry)
    assert (outcome.fault, outcome.after) == (Fault.THROTTLED, timedelta(seconds=35))


async def test_telegram_may_name_any_figure_for_when_to_come_back(peer: HttpPeer):
    peer.answers.append(Said(429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 2**62}}))

    outcome = await sent(peer)

    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=10**9)


@pytest.mark.parametrize(
    ("status", "words", "fault", "gone"),
    [
        (400, "Bad Request: chat not found", Fault.ADDRESS, True),
        (403, "Forbidden: bot was blocked by the user", Fault.ADDRESS, True),
        (403, "Forbidden: user is deactivated", Fault.ADDRESS, True),
        (403, "Forbidden: bot was kicked from the group chat", Fault.ADDRESS, True),
        (403, "Forbidden: bot can't initiate conversation with a user", Fault.ADDRESS, False),
        (400, "Bad Request: message text is empty", Fault.PROVIDER, False),
        (401, "Unauthorized", Fault.SETTINGS, False),
        (404, "Not Found", Fault.SETTINGS, False),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(peer: HttpPeer, status: int, words: str, fault: Fault, *, gone: bool):
    peer.answers.append(Said(status, {"ok": False, "error_code": status, "description": words}))

    outcome = await sent(peer)

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (fault, gone)
    assert TOKEN not in outcome.reason


async def test_a_message_is_changed_where_it_stands(peer: HttpPeer):
    after = a_message(notification_id=ID, subject="Acknowledged by Ada", became=Status.ACKNOWLEDGED)

    assert isinstance(await amended(peer, after), Sent)
    asked = peer.asked[0]
    assert asked.path.endswith("/editMessageText")
    assert (asked.json["chat_id"], asked.json["message_id"]) == ("-100200", 57)
    assert [row[0]["text"] for row in asked.json["reply_markup"]["inline_keyboard"]] == ["Resolve"]


async def test_to_say_again_what_it_says_is_done_already(peer: HttpPeer):
    words = "Bad Request: message is not modified: specified new message content is the same"
    peer.answers.append(Said(400, {"ok": False, "description": words}))

    assert isinstance(await amended(peer, a_message()), Sent)


async def test_an_edit_without_an_answer_is_tried_again(peer: HttpPeer):
    peer.answers.append(Said(reset=True))

    assert isinstance(await amended(peer, a_message()), Retry)


async def test_what_is_no_message_of_telegram_is_not_changed(peer: HttpPeer):
    assert isinstance(await amended(peer, a_message(), "nonsense"), Failed)


def test_a_chat_is_a_number_or_a_public_name():
    assert [chat(" 123456789 "), chat("-1001234567890"), chat("@ops_room")] == [
        "123456789",
        "-1001234567890",
        "@ops_room",
    ]


@pytest.mark.parametrize("text", ["", "ada", "@x", "12 34", "1.5", "https://t.me/ops", "0"])
def test_anything_else_is_refused_with_a_hint(text: str):
    with pytest.raises(BadAddress):
        chat(text)


def test_a_secret_that_telegram_would_refuse_is_refused_at_the_start():
    with pytest.raises(ValueError, match="16 to 256"):
        TelegramSettings(webhook_secret="too short!")
