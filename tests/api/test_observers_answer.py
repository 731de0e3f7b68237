"""Observers who are paged: what answers the page acknowledges that incident, and does nothing else."""

from __future__ import annotations

import pytest

from tests.api.a_phone import Phone, a_phone
from tests.api.house import House
from tests.builders import a_service, a_stored_incident


@pytest.fixture
async def phone(house: House) -> Phone:
    """A phone of Ada, an observer."""
    phone = await a_phone(house)
    await phone.write("UPDATE users SET role = 'observer' WHERE id = :id", id=phone.ada.id)
    return phone


@pytest.mark.parametrize("by", ["text", "key"])
async def test_an_observer_who_was_paged_acknowledges_by_what_answers_the_page(phone: Phone, by: str) -> None:
    if by == "text":
        await phone.says("ack")
    else:
        await phone.twilio(f"/api/v1/twilio/keys?notification={phone.message.id}", Digits="4")

    assert await phone.of_incident() == ("acknowledged", phone.ada.id)


async def test_an_observer_acknowledges_nothing_that_they_were_not_paged_for(phone: Phone) -> None:
    other = await a_stored_incident(phone.house.database, await a_service(phone.house.database))

    sentence = await phone.says(f"{other.number}a")

    assert sentence == f"#{other.number}: An observer cannot acknowledge incidents; ask a responder."
    assert (await phone.of_incident(other))[0] == "open"


async def test_an_observer_who_was_paged_resolves_nothing(phone: Phone) -> None:
    sentence = await phone.says("resolve")

    assert sentence.endswith("An observer cannot respond to incidents; ask a responder.")
