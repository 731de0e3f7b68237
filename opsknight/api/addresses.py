"""Addresses that people give, as their channel reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsknight.domain.model.channel import ChannelKind
from opsknight.errors import Invalid


@dataclass(frozen=True, slots=True)
class Given:
    """An address as it is stored, and what is stored with it besides: some of it is to be shown once."""

    address: str
    kept: Mapping[str, str] = field(repr=False)
    shown_once: Mapping[str, str] = field(repr=False)

    @property
    def secret(self) -> Mapping[str, str]:
        """All that is stored besides the address."""
        return {**self.kept, **self.shown_once}


def read_address(kind: ChannelKind, text: str) -> Given:
    """Return a new address as it is stored, with what belongs to it.

    Raises:
        Invalid: nobody has set the channel up, or it is no address of it; the sentence says what an operator has
            to set, or what an address looks like.
    """
    if not kind.ready:
        raise Invalid(kind.not_ready)
    try:
        address = kind.read(text)
        kept = kind.keep(text) if kind.keep is not None else {}
    except ValueError as refusal:
        raise Invalid(str(refusal)) from refusal
    return Given(address, kept, kind.new_secret() if kind.new_secret is not None else {})
