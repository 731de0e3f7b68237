"""What Pushover calls us for: somebody acknowledged on the phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.crypto import new_id, sign
from opsknight.domain.model.link import ACKNOWLEDGE, RECEIPT, receipt_claims
from tests.api.a_chat import Chat, a_chat
from tests.api.house import House

ACKNOWLEDGED = b"receipt=rrr&acknowledged=1&acknowledged_at=1360019238&acknowledged_by=uuu&acknowledged_by_device=phone"


@pytest.fixture
async def chat(house: House) -> Chat:
    return await a_chat(house, "pushover", address="u" * 30, proof="")


async def called(chat: Chat, body: bytes = ACKNOWLEDGED, *, purpose: str = RECEIPT, secret: bytes | None = None) -> int:
    claims = receipt_claims(chat.message.id, now=chat.house.clock.now())
    word = sign(secret or chat.house.deps.installation.secret, claims, purpose=purpose)
    chat.path = f"/api/v1/chats/pushover/{word}"
    return (await chat.called(body, {"content-type": "application/x-www-form-urlencoded"})).status_code


async def test_what_is_acknowledged_on_the_phone_was_seen(chat: Chat):
    assert await called(chat) == 204
    assert await chat.message_is() == "seen"
    assert await chat.status() == "open"


async def test_a_call_that_comes_again_is_no_news(chat: Chat):
    await called(chat)

    assert await called(chat) == 204
    assert await chat.read("SELECT count(*) FROM facts WHERE kind = 'seen'") == [1]


@pytest.mark.parametrize("body", [b"", b"acknowledged=0", b"\xff", b"acknowledged=1&acknowledged=1"])
async def test_what_says_nothing_of_an_acknowledge_is_none(chat: Chat, body: bytes):
    assert await called(chat, body) == 204
    assert await chat.message_is() == "accepted"


async def test_a_word_that_is_not_ours_does_nothing(chat: Chat):
    assert await called(chat, secret=b"x" * 32) == 401
    assert await called(chat, purpose=ACKNOWLEDGE) == 401
    chat.path = "/api/v1/chats/pushover/nonsense"
    assert (await chat.called(ACKNOWLEDGED)).status_code == 401
    assert await chat.message_is() == "accepted"


async def test_a_word_that_is_over_does_nothing(chat: Chat):
    claims = receipt_claims(chat.message.id, now=chat.house.clock.now())
    chat.path = f"/api/v1/chats/pushover/{sign(chat.house.deps.installation.secret, claims, purpose=RECEIPT)}"
    chat.house.clock.advance(timedelta(days=400))

    assert (await chat.called(ACKNOWLEDGED)).status_code == 401


async def test_a_message_that_is_not_known_any_more_is_no_error(chat: Chat):
    chat.message.id = new_id()

    assert await called(chat) == 204
