"""Phone numbers: how one is read, and where it lies. By the data of Google's libphonenumber."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from opsknight.domain.model.channel import BadAddress, one_line

EXAMPLE: Final = "+49 151 23456789"
_FORMER: Final = (
    (re.compile(r"\+521(\d{10})"), r"+52\1"),  # Mexico's mobiles, until 2019
    (re.compile(r"\+55(\d\d)([6-9]\d{7})"), r"+55\g<1>9\2"),  # Brazil's, until the ninth digit of 2016
)
"""Numbers as they were dialled once. WhatsApp still calls accounts by them, whenever these were made."""


def number(text: str) -> str:
    """Return a phone number as it is stored: E.164, a plus and digits.

    Raises:
        BadAddress: it is none, or its country is not said.
    """
    said = one_line(text)
    if said.startswith("00"):
        said = f"+{said[2:]}"
    if not said.startswith("+"):
        raise BadAddress(f"Write the number with its country: a plus first, as in {EXAMPLE}.")
    try:
        found = _as_dialled(phonenumbers.parse(said, None))
    except phonenumbers.NumberParseException:
        raise BadAddress(f"That is no phone number. One looks like {EXAMPLE}.") from None
    if found.extension:
        raise BadAddress("A number with an extension cannot be reached; give one that rings by itself.")
    if not phonenumbers.is_valid_number(found):
        raise BadAddress("No phone has this number: count its digits once more, and look at the code of the country.")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def sender(text: str) -> str:
    """Return the number that a provider says a text came from as `number` would store it, "" where it is none.

    None is a name, or a short code.
    """
    digits = text.strip().removeprefix("whatsapp:").strip()
    try:
        found = _as_dialled(phonenumbers.parse(digits if digits.startswith("+") else f"+{digits}", None))
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def country(e164: str) -> str:
    """Return where a number lies as two letters (ISO 3166), "" where that cannot be told."""
    try:
        found = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(found) or ""
    return region if region.isalpha() else ""


def _as_dialled(found: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Return a number as its country dials it today, where it is none any more as it was dialled once."""
    if phonenumbers.is_valid_number(found):
        return found
    said = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    for former, today in _FORMER:
        if former.fullmatch(said):
            return phonenumbers.parse(former.sub(today, said), None)
    return found
