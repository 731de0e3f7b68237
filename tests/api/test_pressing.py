"""Buttons pressed within a chat: whose they are, and what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.api.pressing import GONE, Press, Pressed, press
from opsknight.crypto import new_id
from opsknight.domain.commands import incidents
from opsknight.domain.store.tables import IncidentRow, NotificationRow, UserRow
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user


@dataclass
class Chat:
    """A person who is known by an account in a chat, and was paged there."""

    house: House
    user: UserRow
    incident: IncidentRow
    message: NotificationRow

    async def pressed(self, what: Press = Press.ACKNOWLEDGE, *, by: str = "U1") -> Pressed:
        return await press(
            self.house.deps,
            channel="slack",
            identity=by,
            notification_id=self.message.id,
            what=what,
            via="Slack button",
        )

    async def status(self) -> str:
        return (await self.read("SELECT status FROM incidents WHERE id = :id", id=self.incident.id))[0]

    async def read(self, sql: str, **values: Any) -> list[Any]:
        async with self.house.deps.reading() as session:
            return list((await session.execute(text(sql), values)).scalars())


@pytest.fixture
async def chat(house: House) -> Chat:
    user = await a_user(house.database)
    method = await a_contact_method(house.database, user, channel="slack", address="U1")
    incident = await a_stored_incident(house.database, await a_service(house.database))
    page = await a_page(house.database, incident, user)
    message = await a_notification(house.database, page, method, status="accepted", attempts=1)
    return Chat(house, user, incident, message)


async def test_a_press_acknowledges_in_the_name_of_the_person_whose_account_it_is(chat: Chat):
    pressed = await chat.pressed()

    assert pressed.done
    assert await chat.status() == "acknowledged"
    told = await chat.read("SELECT actor || ' ' || (data->>'via') FROM facts WHERE kind = 'acknowledged'")
    assert told == [f"user:{chat.user.id} Slack button"]


async def test_a_press_proves_that_the_message_was_seen(chat: Chat):
    await chat.pressed()

    assert await chat.read("SELECT status FROM notifications") == ["seen"]


@pytest.mark.parametrize("verified", [True, False])
async def test_an_account_that_nobody_has_verified_does_nothing(chat: Chat, *, verified: bool):
    other = await a_user(chat.house.database)
    await a_contact_method(
        chat.house.database, other, channel="sms" if verified else "slack", address="U2", verified=verified
    )

    pressed = await chat.pressed(by="U2")

    assert not pressed.done
    assert "whose Slack account this is" in pressed.sentence
    assert await chat.status() == "open"


async def test_a_stale_button_says_what_happened_meanwhile(chat: Chat):
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.acknowledge(uow, chat.incident.id)
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.unacknowledge(uow, chat.incident.id)

    pressed = await chat.pressed()

    assert not pressed.done
    assert pressed.sentence
    assert await chat.status() == "open"


async def test_a_message_that_is_not_known_any_more_says_so(chat: Chat):
    chat.message.id = new_id()

    assert (await chat.pressed()).sentence == GONE


async def test_a_press_may_resolve(chat: Chat):
    assert (await chat.pressed(Press.RESOLVE)).done
    assert await chat.status() == "resolved"
