"""Answers by WhatsApp, which calls some accounts by numbers that are dialled otherwise today."""

from __future__ import annotations

import pytest

from tests.api.a_phone import Phone, a_phone
from tests.api.house import House
from tests.builders import a_contact_method


@pytest.fixture
async def phone(house: House) -> Phone:
    return await a_phone(house)


@pytest.mark.parametrize(("stored", "told"), [("+525512345678", "+5215512345678"), ("+5531981234567", "+553181234567")])
async def test_whatsapp_may_call_a_number_as_it_was_dialled_once(phone: Phone, stored: str, told: str) -> None:
    await a_contact_method(phone.house.database, phone.ada, channel="whatsapp", address=stored)

    await phone.says(f"{phone.incident.number}a", number=f"whatsapp:{told}")

    assert await phone.of_incident() == ("acknowledged", phone.ada.id)
