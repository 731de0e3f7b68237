"""What Telegram calls us for: presses in the name of whose chat it is, and /start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsknight.api.chats.telegram import PROOF, heed_raw
from opsknight.domain.model.button import Press, data
from tests.api.a_chat import Chat, a_chat
from tests.api.house import House

SECRET = "a-secret-of-our-own_0123456789"
PROVEN = {PROOF: SECRET}


@pytest.fixture
async def chat(house: House) -> Chat:
    return await a_chat(house, "telegram", address="4711", proof=SECRET)


def a_press(chat: Chat, *, by: int = 4711, what: Press = Press.ACKNOWLEDGE, update_id: int = 1, **more: Any) -> bytes:
    query = {"id": "9001", "from": {"id": by, "is_bot": False}, "data": data(what, chat.message.id), **more}
    return json.dumps({"update_id": update_id, "callback_query": query}).encode()


def a_text(text: str, **its_chat: Any) -> bytes:
    message = {"message_id": 1, "chat": {"id": 4711, "type": "private", **its_chat}, "text": text}
    return json.dumps({"update_id": 2, "message": message}).encode()


async def test_a_press_acknowledges_and_its_answer_says_so(chat: Chat):
    answer = await chat.called(a_press(chat), PROVEN)

    said = answer.json()
    assert (said["method"], said["callback_query_id"], said["show_alert"]) == ("answerCallbackQuery", "9001", False)
    assert 0 < len(said["text"]) <= 200
    assert await chat.status() == "acknowledged"
    assert await chat.message_is() == "seen"
    assert await chat.vias() == ["Telegram button"]


async def test_a_press_may_resolve(chat: Chat):
    await chat.called(a_press(chat, what=Press.RESOLVE), PROVEN)

    assert await chat.status() == "resolved"


@pytest.mark.parametrize("headers", [{}, {PROOF: ""}, {PROOF: "a-secret-of-our-own_0123456788"}, {PROOF: "é"}])
async def test_a_call_without_the_secret_does_nothing(chat: Chat, headers: dict[str, str]):
    answer = await chat.called(a_press(chat), {name: value.encode() for name, value in headers.items()})  # type: ignore[misc]

    assert (answer.status_code, answer.content) == (401, b"")
    assert await chat.status() == "open"


async def test_while_no_secret_is_set_no_call_is_ours(house: House):
    chat = await a_chat(house, "telegram", address="4711", proof="")

    assert (await chat.called(a_press(chat), {PROOF: ""})).status_code == 401


async def test_an_update_that_comes_again_does_nothing_again(chat: Chat):
    await chat.called(a_press(chat, what=Press.ESCALATE), PROVEN)
    once = await chat.read("SELECT count(*) FROM facts")

    answer = await chat.called(a_press(chat, what=Press.ESCALATE), PROVEN)

    assert answer.json() == {}
    assert await chat.read("SELECT count(*) FROM facts") == once


async def test_an_update_that_is_fetched_again_acts_once_and_is_answered_as_it_was(chat: Chat):
    update = json.loads(a_press(chat, what=Press.ESCALATE))
    first = await heed_raw(chat.house.deps, update)

    again = await heed_raw(chat.house.deps, update)

    assert again == first
    assert await chat.read("SELECT count(*) FROM facts WHERE kind = 'escalated'") == [1]


async def test_a_second_press_of_the_same_button_is_another(chat: Chat):
    await heed_raw(chat.house.deps, json.loads(a_press(chat, what=Press.ESCALATE)))

    await heed_raw(chat.house.deps, json.loads(a_press(chat, what=Press.ESCALATE, id="9002")))

    assert await chat.read("SELECT count(*) FROM facts WHERE kind = 'escalated'") == [2]


async def test_somebody_whom_nobody_knows_is_told_where_to_add_themselves(chat: Chat):
    said = (await chat.called(a_press(chat, by=666), PROVEN)).json()

    assert "whose Telegram account this is" in said["text"]
    assert said["show_alert"] is True
    assert await chat.status() == "open"


async def test_what_carries_nothing_of_ours_says_so(chat: Chat):
    said = (await chat.called(a_press(chat, data="x:nonsense"), PROVEN)).json()

    assert said["text"].startswith("OpsKnight knows nothing of this message")


async def test_start_tells_the_id_of_the_chat_and_where_to_add_it(chat: Chat):
    said = (await chat.called(a_text("/start"), PROVEN)).json()

    assert (said["method"], said["chat_id"]) == ("sendMessage", 4711)
    assert said["text"].startswith("Your chat id is 4711.")
    assert said["text"].endswith("/me")


async def test_in_a_group_start_tells_the_id_of_the_group(chat: Chat):
    said = (await chat.called(a_text("/start@opsbot", id=-100200, type="supergroup"), PROVEN)).json()

    assert said["chat_id"] == -100200
    assert "The id of this chat is -100200" in said["text"]


@pytest.mark.parametrize(
    "body",
    [a_text("hello"), b"", b"[]", b"{}", b"{", b"null", b'{"update_id":1}', b'{"update_id":1,"callback_query":7}'],
)
async def test_what_asks_for_nothing_is_answered_by_nothing(chat: Chat, body: bytes):
    answer = await chat.called(body, PROVEN)

    assert (answer.status_code, answer.json()) == (200, {})
