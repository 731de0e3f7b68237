"""What a message looks like in Google Chat, and what Google's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.jobs.channels.channel import Address, Failed, Fault, Message, Outcome, Sent
from opsknight.jobs.channels.google_chat import GoogleChatChannel, said, webhook
from tests.jobs.a_message import a_message
from tests.jobs.cases.google_chat import CASE, WEBHOOK
from tests.peers.http_provider import HttpPeer, Said, http_peer

ID = UUID("018f0000-0000-7000-8000-0000000000aa")


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        yield running
        assert not running.mistakes


async def sent(peer: HttpPeer, message: Message) -> Outcome:
    channel = GoogleChatChannel(peer.origin, now=Clock().now)
    outcome = await channel.send(message, Address(WEBHOOK))
    await channel.close()
    return outcome


def test_a_page_is_a_card_with_links():
    assert said(a_message()) == {
        "cardsV2": [
            {
                "cardId": "page",
                "card": {
                    "sections": [
                        {
                            "widgets": [
                                {
                                    "textParagraph": {
                                        "text": "<b>CRITICAL Checkout: Disk full on db-1 (#12)</b>\n"
                                        "Service Checkout, critical, high urgency."
                                    }
                                },
                                {
                                    "buttonList": {
                                        "buttons": [
                                            {
                                                "text": "Acknowledge",
                                                "onClick": {
                                                    "openLink": {"url": "https://ops.example.com/ack/token.signed"}
                                                },
                                            },
                                            {
                                                "text": "Open",
                                                "onClick": {
                                                    "openLink": {"url": "https://ops.example.com/incidents/12"}
                                                },
                                            },
                                        ]
                                    }
                                },
                            ]
                        }
                    ]
                },
            }
        ],
        "fallbackText": "CRITICAL Checkout: Disk full on db-1 (#12)",
    }


async def test_whatever_a_stranger_writes_and_however_long_it_is_shown_as_it_is(peer: HttpPeer):
    await sent(peer, a_message(subject="<users/all> <b>&" * 900, body='🔥 <a href="x">"' * 900))

    assert len(peer.taken) == 1


async def test_the_same_message_has_the_same_name_so_it_is_there_once(peer: HttpPeer):
    assert await sent(peer, a_message(notification_id=ID)) == Sent(f"spaces/AAAAx-1_/messages/client-{ID}")
    peer.answers.append(Said(409, {"error": {"code": 409, "message": "exists", "status": "ALREADY_EXISTS"}}))

    assert isinstance(await sent(peer, a_message(notification_id=ID)), Sent)
    assert {asked.query["requestId"] for asked in peer.asked} == {str(ID)}


@pytest.mark.parametrize(
    ("status", "fault", "gone"),
    [
        (401, Fault.ADDRESS, False),
        (403, Fault.ADDRESS, False),
        (404, Fault.ADDRESS, True),
        (400, Fault.PROVIDER, False),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(peer: HttpPeer, status: int, fault: Fault, *, gone: bool):
    peer.answers.append(Said(status, {"error": {"code": status, "message": "No."}}))

    outcome = await sent(peer, a_message())

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (fault, gone)


def test_of_a_webhook_only_what_it_needs_is_kept():
    assert webhook(f" {WEBHOOK}&threadKey=x&messageReplyOption=y ") == WEBHOOK


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://chat.googleapis.com/v1/spaces/A/messages",
        "https://chat.googleapis.com/v1/spaces/A/messages?key=k",
        "http://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t",
        "https://chat.googleapis.com.evil.example/v1/spaces/A/messages?key=k&token=t",
        "https://chat.googleapis.com@evil.example/v1/spaces/A/messages?key=k&token=t",
        "https://chat.googleapis.com/v1/spaces/A/../../messages?key=k&token=t",
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str):
    with pytest.raises(BadAddress):
        webhook(text)
