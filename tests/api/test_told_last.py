"""What a plain “ack” is about: the text that came last, by when it was sent; one that never came is not answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from opsknight.api.answering import NOTHING_TOLD
from opsknight.crypto import new_id
from opsknight.domain.commands import incidents
from tests.api.a_phone import NUMBER, Phone, a_phone
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user

HOUR = timedelta(hours=1)


@pytest.fixture
async def phone(house: House) -> Phone:
    return await a_phone(house)


def planned(at: datetime) -> UUID:
    """Return the name of a message that was planned at that instant."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (new_id().int & ((1 << 80) - 1)))


@pytest.mark.parametrize("status", ["failed", "queued", "sending", "superseded"])
async def test_ack_is_about_the_last_text_that_came_not_about_a_newer_one_that_did_not(phone: Phone, status: str):
    unseen = await phone.told_of_another(status=status, finished_at=None, sent_at=phone.house.clock.now())

    said = await phone.says("ack")

    assert said.startswith(f"#{phone.incident.number}: Acknowledged")
    assert await phone.of_incident(unseen) == ("open", None)


@pytest.mark.parametrize("status", ["failed", "queued"])
async def test_ack_all_leaves_alone_what_was_never_told(phone: Phone, status: str):
    unseen = await phone.told_of_another(status=status, finished_at=None, sent_at=phone.house.clock.now())

    said = await phone.says("ack all")

    assert said.startswith(f"#{phone.incident.number}: Acknowledged")
    assert await phone.of_incident(unseen) == ("open", None)


async def test_a_text_on_its_way_is_not_seen_by_an_answer_about_its_number(phone: Phone):
    unseen = await phone.told_of_another(status="sending", finished_at=None, sent_at=phone.house.clock.now())

    await phone.says(f"{unseen.number}a")

    assert await phone.of_incident(unseen) == ("acknowledged", phone.ada.id)
    assert await phone.read("SELECT status FROM notifications WHERE incident_id = :id", id=unseen.id) == ["sending"]
    assert await phone.read("SELECT last_proof_at FROM contact_methods WHERE address = :a", a=NUMBER) == [None]


async def test_what_went_together_with_a_text_that_never_came_was_not_told_either(phone: Phone):
    now = phone.house.clock.now()
    carrier = new_id()
    await phone.told_of_another(id=carrier, status="failed", sent_at=now)
    carried = await phone.told_of_another(status="bundled", attempts=0, bundled_into=carrier)

    said = await phone.says("ack")

    assert said.startswith(f"#{phone.incident.number}: Acknowledged")
    assert await phone.of_incident(carried) == ("open", None)


@pytest.mark.parametrize("status", ["ambiguous", "sending"])
async def test_what_was_perhaps_sent_may_have_come_also_while_it_is_sent_once_more(phone: Phone, status: str):
    phone.house.clock.advance(HOUR)
    now = phone.house.clock.now()
    perhaps = await phone.told_of_another(status=status, finished_at=None, sent_at=now, outcome="ambiguous")

    await phone.says("ack")

    assert await phone.of_incident(perhaps) == ("acknowledged", phone.ada.id)


async def test_ack_in_the_morning_is_about_what_the_quiet_hours_held_until_then(phone: Phone):
    eleven = phone.house.clock.now()
    held = await phone.told_of_another(id=planned(eleven), sent_at=eleven + 8 * HOUR)
    at_night = await phone.told_of_another(id=planned(eleven + 4 * HOUR), sent_at=eleven + 4 * HOUR)
    async with phone.house.deps.commands(f"user:{phone.ada.id}") as uow:
        await incidents.acknowledge(uow, at_night.id)
    phone.house.clock.advance(8 * HOUR + timedelta(minutes=1))

    said = await phone.says("ack")

    assert said.startswith(f"#{held.number}: Acknowledged")
    assert await phone.of_incident(held) == ("acknowledged", phone.ada.id)


@pytest.mark.parametrize("words", ["ack", "ack all"])
async def test_lately_counts_from_when_a_text_was_sent_however_long_it_waited(phone: Phone, words: str):
    now = phone.house.clock.now()
    await phone.write("DELETE FROM notifications")
    waited = await phone.told_of_another(id=planned(now - 60 * HOUR), sent_at=now)

    await phone.says(words)

    assert await phone.of_incident(waited) == ("acknowledged", phone.ada.id)


async def test_what_was_sent_more_than_a_day_ago_is_not_lately(phone: Phone):
    await phone.sent(phone.message.id, phone.house.clock.now())
    phone.house.clock.advance(24 * HOUR + timedelta(seconds=1))

    assert await phone.says("ack") == NOTHING_TOLD
    assert (await phone.of_incident())[0] == "open"


async def test_of_two_people_with_one_phone_the_one_answers_who_was_sent_the_last_text(phone: Phone):
    database, now = phone.house.database, phone.house.clock.now()
    bo = await a_user(database, "Bo")
    method = await a_contact_method(database, bo, channel="sms", address=NUMBER)
    incident = await a_stored_incident(database, await a_service(database), title="Bo's")
    page = await a_page(database, incident, bo)
    held = await a_notification(
        database, page, method, id=planned(now - HOUR), status="accepted", attempts=1, finished_at=now
    )
    await phone.sent(phone.message.id, now)
    await phone.sent(held.id, now + HOUR)
    phone.house.clock.advance(HOUR)

    await phone.says("ack")

    assert await phone.of_incident(incident) == ("acknowledged", bo.id)
