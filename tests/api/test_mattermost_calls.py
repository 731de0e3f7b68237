"""What Mattermost calls us for: presses, proven by what only its server and we know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsknight.domain.model.button import Press, data, sealed
from tests.api.a_chat import Chat, a_chat
from tests.api.house import House

USER, TOKEN = "u" * 26, "the-bot-s-token"


@pytest.fixture
async def chat(house: House) -> Chat:
    return await a_chat(house, "mattermost", address=USER, proof=TOKEN)


def a_press(chat: Chat, *, by: str = USER, what: Press = Press.ACKNOWLEDGE, context: Any = None) -> bytes:
    carried = data(what, chat.message.id)
    its = {"press": carried, "proof": sealed(carried, TOKEN)} if context is None else context
    return json.dumps({"user_id": by, "post_id": "p" * 26, "channel_id": "c" * 26, "context": its}).encode()


async def test_a_press_acknowledges_and_tells_the_presser_alone(chat: Chat):
    answer = await chat.called(a_press(chat))

    assert answer.status_code == 200
    assert answer.json()["ephemeral_text"]
    assert await chat.status() == "acknowledged"
    assert await chat.message_is() == "seen"
    assert await chat.vias() == ["Mattermost button"]


async def test_a_press_that_comes_again_finds_what_it_did(chat: Chat):
    await chat.called(a_press(chat))
    once = await chat.read("SELECT count(*) FROM facts")

    assert (await chat.called(a_press(chat))).status_code == 200
    assert await chat.read("SELECT count(*) FROM facts") == once


async def test_a_call_without_proof_does_nothing(chat: Chat):
    carried = data(Press.ACKNOWLEDGE, chat.message.id)
    wrong = [
        {},
        {"press": carried},
        {"press": carried, "proof": ""},
        {"press": carried, "proof": sealed(carried, "another token")},
        {"press": carried, "proof": sealed(data(Press.RESOLVE, chat.message.id), TOKEN)},
        {"press": carried, "proof": "é"},
        7,
    ]

    answers = [await chat.called(body) for body in [*(a_press(chat, context=each) for each in wrong), b"", b"{", b"[]"]]

    assert [(answer.status_code, answer.content) for answer in answers] == [(401, b"")] * 10
    assert await chat.status() == "open"


async def test_while_no_bot_is_set_no_call_is_ours(house: House):
    chat = await a_chat(house, "mattermost", address=USER, proof="")
    carried = data(Press.ACKNOWLEDGE, chat.message.id)

    answer = await chat.called(a_press(chat, context={"press": carried, "proof": sealed(carried, "")}))

    assert answer.status_code == 401


async def test_somebody_whom_nobody_knows_is_told_where_to_add_themselves(chat: Chat):
    answer = await chat.called(a_press(chat, by="v" * 26))

    assert "whose Mattermost account this is" in answer.json()["ephemeral_text"]
    assert await chat.status() == "open"
