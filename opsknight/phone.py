"""Phone numbers: how one is read, and where it lies. By the data of Google's libphonenumber."""

from __future__ import annotations

from typing import Final

import phonenumbers

from opsknight.domain.model.channel import BadAddress, one_line

EXAMPLE: Final = "+49 151 23456789"


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
        found = phonenumbers.parse(said, None)
    except phonenumbers.NumberParseException:
        raise BadAddress(f"That is no phone number. One looks like {EXAMPLE}.") from None
    if found.extension:
        raise BadAddress("A number with an extension cannot be reached; give one that rings by itself.")
    if not phonenumbers.is_valid_number(found):
        raise BadAddress("No phone has this number: count its digits once more, and look at the code of the country.")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def sender(text: str) -> str:
    """Return the number that a provider says a text came from as E.164, "" where it is none (a name, a short code)."""
    digits = text.strip().removeprefix("whatsapp:").strip()
    try:
        found = phonenumbers.parse(digits if digits.startswith("+") else f"+{digits}", None)
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
