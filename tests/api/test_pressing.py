"""Buttons pressed within a chat: whose they are, and what they do."""

from __future__ import annotations

import pytest

from opsknight.api.pressing import GONE, Press, Pressed, press
from opsknight.crypto import new_id
from opsknight.domain.commands import incidents
from tests.api.a_chat import Chat, a_chat
from tests.api.house import House
from tests.builders import a_contact_method, a_user


@pytest.fixture
async def chat(house: House) -> Chat:
    return await a_chat(house, "slack", address="U1", proof="")


async def pressed_in(chat: Chat, what: Press = Press.ACKNOWLEDGE, *, by: str = "U1") -> Pressed:
    return await press(
        chat.house.deps, channel="slack", identity=by, notification_id=chat.message.id, what=what, via="Slack button"
    )


async def test_a_press_acknowledges_in_the_name_of_the_person_whose_account_it_is(chat: Chat):
    pressed = await pressed_in(chat)

    assert pressed.done
    assert await chat.status() == "acknowledged"
    told = await chat.read("SELECT actor || ' ' || (data->>'via') FROM facts WHERE kind = 'acknowledged'")
    assert told == [f"user:{chat.user.id} Slack button"]


async def test_a_press_proves_that_the_message_was_seen(chat: Chat):
    await pressed_in(chat)

    assert await chat.read("SELECT status FROM notifications") == ["seen"]


@pytest.mark.parametrize("verified", [True, False])
async def test_an_account_that_nobody_has_verified_does_nothing(chat: Chat, *, verified: bool):
    other = await a_user(chat.house.database)
    await a_contact_method(
        chat.house.database, other, channel="sms" if verified else "slack", address="U2", verified=verified
    )

    pressed = await pressed_in(chat, by="U2")

    assert not pressed.done
    assert "whose Slack account this is" in pressed.sentence
    assert await chat.status() == "open"


async def test_a_stale_button_says_what_happened_meanwhile(chat: Chat):
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.acknowledge(uow, chat.incident.id)
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.unacknowledge(uow, chat.incident.id)

    pressed = await pressed_in(chat)

    assert not pressed.done
    assert pressed.sentence
    assert await chat.status() == "open"


async def test_a_message_that_is_not_known_any_more_says_so(chat: Chat):
    chat.message.id = new_id()

    assert (await pressed_in(chat)).sentence == GONE


async def test_a_press_may_resolve(chat: Chat):
    assert (await pressed_in(chat, Press.RESOLVE)).done
    assert await chat.status() == "resolved"
