"""The channels that go to a phone number: texts, calls and WhatsApp."""

from __future__ import annotations

from typing import Final

from opsknight import phone
from opsknight.carriers import TwilioSettings
from opsknight.domain.model.channel import ChannelKind
from opsknight.jobs.channels.channel import Ground

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


def whatsapp_help(ground: Ground) -> str:
    """Return what whoever adds their WhatsApp number has to know, where not every message has a template."""
    its = ground.read(TwilioSettings)
    if not its.whatsapp_number:
        return WHATSAPP.help
    templates = {
        "codes": its.whatsapp_code_sid,
        "pages": its.whatsapp_content_sid,
        "what is about no single incident": its.whatsapp_note_sid,
    }
    *others, last = [what for what, template in templates.items() if not template] or [""]
    if not last:
        return WHATSAPP.help
    without = f"{', '.join(others)} and {last}" if others else last
    first = f"{WHATSAPP.help} Write anything to {its.whatsapp_number} in WhatsApp first"
    return f"{first}: it delivers {without} only within 24 h of your last message there."
