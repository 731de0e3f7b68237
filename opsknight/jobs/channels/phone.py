"""The channels that go to a phone number: texts, calls and WhatsApp."""

from __future__ import annotations

from typing import Final

from opsknight import phone
from opsknight.domain.model.channel import ChannelKind

SMS: Final = ChannelKind(
    "sms", "Phone number", phone.EXAMPLE, phone.number, help="With the code of its country. Answer a text to act on it."
)
VOICE: Final = ChannelKind(
    "voice",
    "Phone number",
    phone.EXAMPLE,
    phone.number,
    help="With the code of its country. Let the caller through do-not-disturb: save its number as a favourite.",
)
WHATSAPP: Final = ChannelKind(
    "whatsapp", "Phone number", phone.EXAMPLE, phone.number, help="The number that your WhatsApp account has."
)
