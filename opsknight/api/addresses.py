"""Addresses that people give, as their channel reads them."""

from __future__ import annotations

from collections.abc import Mapping

from opsknight.domain.model.channel import ChannelKind
from opsknight.errors import Invalid


def read_address(kind: ChannelKind, text: str) -> tuple[str, Mapping[str, str]]:
    """Return an address as it is stored, and what is stored with a new one besides, to be shown once.

    Raises:
        Invalid: nobody has set the channel up, or it is no address of it; the sentence says what an operator has
            to set, or what an address looks like.
    """
    if not kind.ready:
        raise Invalid(kind.not_ready)
    try:
        address = kind.read(text)
    except ValueError as refusal:
        raise Invalid(str(refusal)) from refusal
    return address, kind.new_secret() if kind.new_secret is not None else {}
