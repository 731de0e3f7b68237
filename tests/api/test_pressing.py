"""Buttons pressed within a chat: whose they are, and what they do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.api.pressing import GONE, Press, Pressed, press
from opsknight.crypto import new_id
from opsknight.domain.commands import incidents
from opsknight.domain.model.everyone import Everyone
from opsknight.domain.store.tables import IncidentRow
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


async def test_an_observer_who_was_paged_acknowledges_by_the_button_of_the_page_and_no_more(chat: Chat):
    async with chat.house.database.commands() as session:
        await session.execute(text("UPDATE users SET role = 'observer'"))
        await session.commit()

    escalated = await pressed_in(chat, Press.ESCALATE)
    pressed = await pressed_in(chat)

    assert escalated.sentence == "An observer cannot respond to incidents; ask a responder."
    assert pressed.done
    assert await chat.status() == "acknowledged"


async def test_an_observer_acknowledges_nothing_by_a_button_of_somebody_elses_page(chat: Chat):
    bo = await a_user(chat.house.database, "Bo", role="observer")
    await a_contact_method(chat.house.database, bo, channel="slack", address="U2")

    pressed = await pressed_in(chat, by="U2")

    assert pressed.sentence == "An observer cannot acknowledge incidents; ask a responder."
    assert await chat.status() == "open"


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


@pytest.mark.parametrize("what", list(Press))
async def test_a_button_of_an_older_generation_does_nothing_and_says_how_things_stand(chat: Chat, what: Press):
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.acknowledge(uow, chat.incident.id)
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.unacknowledge(uow, chat.incident.id)
    before = await chat.read("SELECT count(*) FROM facts")

    pressed = await pressed_in(chat, what)

    assert not pressed.done
    assert pressed.sentence == "“Disk full on db-1” was paged anew since this message was sent: it is open now."
    assert await chat.status() == "open"
    assert await chat.read("SELECT count(*) FROM facts") == before


@pytest.mark.parametrize("what", list(Press))
async def test_a_button_of_yesterday_does_nothing_and_says_how_things_stand(chat: Chat, what: Press):
    async with chat.house.deps.commands(f"user:{chat.user.id}") as uow:
        await incidents.acknowledge(uow, chat.incident.id)
    before = await chat.read("SELECT count(*) FROM facts")
    chat.house.clock.advance(timedelta(hours=24))

    pressed = await pressed_in(chat, what)

    assert not pressed.done
    assert pressed.sentence == (
        "This message about “Disk full on db-1” is more than a day old, so nothing was done: it is acknowledged now,"
        " yours. Open OpsKnight to act."
    )
    assert await chat.read("SELECT count(*) FROM facts") == before


async def sent_again(chat: Chat) -> None:
    """Have the message been handed over a moment ago."""
    tried = {"id": new_id(), "notification": chat.message.id, "now": chat.house.clock.now()}
    insert = (
        "INSERT INTO attempts (id, notification_id, number, worker, started_at, outcome)"
        " VALUES (:id, :notification, 2, 1, :now, 'accepted')"
    )
    async with chat.house.database.commands() as session:
        await session.execute(text(insert), tried)
        await session.commit()


async def test_a_button_counts_its_age_from_when_its_message_was_sent(chat: Chat):
    chat.house.clock.advance(timedelta(hours=20))
    await sent_again(chat)
    chat.house.clock.advance(timedelta(hours=20))

    assert (await pressed_in(chat)).done


async def test_a_message_that_is_not_known_any_more_says_so(chat: Chat):
    chat.message.id = new_id()

    assert (await pressed_in(chat)).sentence == GONE


async def test_a_press_may_resolve(chat: Chat):
    assert (await pressed_in(chat, Press.RESOLVE)).done
    assert await chat.status() == "resolved"


async def test_a_press_that_is_one_of_several_which_are_wanted_is_done_and_says_who_is_awaited(chat: Chat):
    bo = await a_user(chat.house.database, "Bo")
    both = Everyone(generation=1, waiting=(chat.user.id, bo.id))
    async with chat.house.deps.commands("system:test") as uow:
        (await uow.session.get_one(IncidentRow, chat.incident.id)).must_acknowledge = both.to_json()

    pressed = await pressed_in(chat)

    assert pressed.done
    assert pressed.sentence == "You have acknowledged “Disk full on db-1”; it is open until Bo acknowledges too."


async def test_a_press_on_what_is_anothers_is_not_done_and_names_them(chat: Chat):
    bo = await a_user(chat.house.database, "Bo")
    async with chat.house.deps.commands(f"user:{bo.id}") as uow:
        await incidents.acknowledge(uow, chat.incident.id)

    pressed = await pressed_in(chat)

    assert not pressed.done
    assert pressed.sentence == "Bo has acknowledged “Disk full on db-1” already; take it over?"


async def test_after_a_press_that_pages_anew_no_more_can_be_pressed_there(chat: Chat):
    acknowledged = await pressed_in(chat)

    escalated = await pressed_in(chat, Press.ESCALATE)

    assert (acknowledged.notification_id, escalated.notification_id) == (chat.message.id, None)
    assert escalated.done
