"""A quick reply of WhatsApp is a button of one message: it acts on what that message was about, as it was then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands import incidents
from tests.api.a_phone import NUMBER, Phone, a_phone
from tests.api.house import House
from tests.builders import a_user


@pytest.fixture
async def phone(house: House) -> Phone:
    """Ada's phone, that had its page by WhatsApp."""
    made = await a_phone(house)
    await made.write("UPDATE contact_methods SET channel = 'whatsapp' WHERE address = :number", number=NUMBER)
    await made.write("UPDATE notifications SET channel = 'whatsapp'")
    await made.sent(made.message.id, house.clock.now())
    await made.write("UPDATE attempts SET carrier = 'twilio', provider_id = 'MM1'")
    return made


async def pressed(phone: Phone, letter: str, *, of: str = "MM1", number: int | None = None, sid: str = "SM-b1") -> str:
    """Press a button, and return what is said to it."""
    before = await phone.replies()
    answer = await phone.twilio(
        "/api/v1/twilio/messages",
        MessageSid=sid,
        From=f"whatsapp:{NUMBER}",
        Body="Resolve",
        ButtonText="Resolve",
        ButtonPayload=f"{number or phone.incident.number}{letter}",
        OriginalRepliedMessageSid=of,
    )
    assert answer.status_code == 200
    after = await phone.replies()
    return after[-1] if len(after) > len(before) else ""


async def test_a_button_acts_in_the_name_of_whom_its_message_went_to(phone: Phone):
    said = await pressed(phone, "a")

    assert await phone.of_incident() == ("acknowledged", phone.ada.id)
    assert said.startswith(f"#{phone.incident.number}: ")
    assert await phone.read("SELECT data ->> 'via' FROM facts WHERE kind = 'acknowledged'") == ["WhatsApp button"]
    assert await phone.of_message() == "seen"


async def test_a_button_of_an_older_generation_does_nothing_and_says_what_happened_meanwhile(phone: Phone):
    async with phone.house.deps.commands(f"user:{phone.ada.id}") as uow:
        await incidents.resolve(uow, phone.incident.id)
        await incidents.reopen(uow, phone.incident.id)

    said = await pressed(phone, "r")

    assert await phone.of_incident() == ("open", None)
    assert said.endswith("“Disk full on db-1” was paged anew since this message was sent: it is open now.")


async def test_a_button_that_is_more_than_a_day_old_does_nothing_and_says_so(phone: Phone):
    phone.house.clock.advance(timedelta(hours=30))

    said = await pressed(phone, "r")

    assert await phone.of_incident() == ("open", None)
    assert "is more than a day old, so nothing was done" in said


async def test_a_press_that_is_told_again_is_done_once(phone: Phone):
    await pressed(phone, "a")

    assert not await pressed(phone, "a")
    assert len(await phone.read("SELECT seq FROM facts WHERE kind = 'acknowledged'")) == 1


@pytest.mark.parametrize("of", ["", "MM-of-nobody"])
async def test_where_nobody_knows_the_message_a_button_is_read_as_a_text(phone: Phone, of: str):
    await pressed(phone, "r", of=of)

    assert (await phone.of_incident())[0] == "resolved"


async def test_a_button_whose_message_went_to_another_number_is_read_as_a_text(phone: Phone):
    bo = await a_user(phone.house.database, "Bo")
    await phone.write("UPDATE notifications SET user_id = :bo", bo=bo.id)

    await pressed(phone, "a")

    assert await phone.of_incident() == ("acknowledged", phone.ada.id)
