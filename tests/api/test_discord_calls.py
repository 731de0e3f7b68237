"""What Discord calls us for: presses, signed with the application's key."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from opsknight.domain.model.button import Press, data
from tests.api.a_chat import Chat, a_chat
from tests.api.house import House

USER = "804512345678901234"
KEY = Ed25519PrivateKey.generate()


@pytest.fixture
async def chat(house: House) -> Chat:
    return await a_chat(house, "discord", address=USER, proof=KEY.public_key().public_bytes_raw().hex())


def a_press(chat: Chat, *, by: str = USER, what: Press = Press.ACKNOWLEDGE, **more: Any) -> bytes:
    body = {"id": "1", "type": 3, "user": {"id": by}, "data": {"custom_id": data(what, chat.message.id)}, **more}
    return json.dumps(body).encode()


def signed(chat: Chat, body: bytes, *, key: Ed25519PrivateKey = KEY, ago: timedelta = timedelta()) -> dict[str, str]:
    timestamp = str(int((chat.house.clock.now() - ago).timestamp()))
    signature = key.sign(timestamp.encode() + body).hex()
    return {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": timestamp}


async def test_a_ping_is_answered(chat: Chat):
    body = b'{"id":"1","application_id":"2","type":1,"version":1}'

    answer = await chat.called(body, signed(chat, body))

    assert (answer.status_code, answer.json()) == (200, {"type": 1})


async def test_a_press_acknowledges_and_tells_the_presser_alone(chat: Chat):
    body = a_press(chat)

    said = (await chat.called(body, signed(chat, body))).json()

    assert (said["type"], said["data"]["flags"]) == (4, 64)
    assert said["data"]["content"]
    assert await chat.status() == "acknowledged"
    assert await chat.message_is() == "seen"
    assert await chat.vias() == ["Discord button"]


async def test_on_a_server_the_member_is_who_pressed(chat: Chat):
    body = a_press(chat, user=None, member={"user": {"id": USER}})

    await chat.called(body, signed(chat, body))

    assert await chat.status() == "acknowledged"


async def test_a_call_that_is_not_signed_rightly_does_nothing(chat: Chat):
    body = a_press(chat)
    right = signed(chat, body)
    wrong = [
        {},
        {"X-Signature-Timestamp": right["X-Signature-Timestamp"]},
        {**right, "X-Signature-Ed25519": "00" * 64},
        {**right, "X-Signature-Ed25519": "not hexadecimal"},
        {**right, "X-Signature-Timestamp": str(int(right["X-Signature-Timestamp"]) + 1)},
        signed(chat, body, key=Ed25519PrivateKey.generate()),
        signed(chat, body, ago=timedelta(minutes=6)),
        signed(chat, body + b" "),
    ]

    answers = [await chat.called(body, headers) for headers in wrong]

    assert [(answer.status_code, answer.content) for answer in answers] == [(401, b"")] * len(wrong)
    assert await chat.status() == "open"


async def test_a_call_that_comes_again_does_nothing_again(chat: Chat):
    body = a_press(chat, what=Press.ESCALATE)
    headers = signed(chat, body)
    assert (await chat.called(body, headers)).status_code == 200
    once = await chat.read("SELECT count(*) FROM facts")

    assert (await chat.called(body, headers)).status_code == 401
    assert await chat.read("SELECT count(*) FROM facts") == once


async def test_while_no_key_is_set_no_call_is_ours(house: House):
    chat = await a_chat(house, "discord", address=USER, proof="")
    body = a_press(chat)

    assert (await chat.called(body, signed(chat, body))).status_code == 401


async def test_somebody_whom_nobody_knows_is_told_where_to_add_themselves(chat: Chat):
    body = a_press(chat, by="804512345678909999")

    said = (await chat.called(body, signed(chat, body))).json()

    assert "whose Discord account this is" in said["data"]["content"]
    assert await chat.status() == "open"


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id":"1","type":2}', b'{"id":"1","type":3,"data":{}}', b"{"])
async def test_what_is_no_press_of_ours_says_so(chat: Chat, body: bytes):
    answer = await chat.called(body, signed(chat, body))

    assert answer.status_code == 200
    assert answer.json()["data"]["content"].startswith("OpsKnight knows nothing of this message")
