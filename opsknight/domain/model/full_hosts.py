"""Hosts to which enough calls are under way, so that one of them that hangs keeps no others waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class FullHosts:
    """Hosts to which no more calls may begin, and those to which none of low urgency may."""

    any: frozenset[str] = frozenset()
    low: frozenset[str] = frozenset()

    @property
    def values(self) -> Mapping[str, list[str]]:
        """Both as parameters of a statement."""
        return {"full": list(self.any), "full_for_low": list(self.low)}


NO_HOSTS: Final = FullHosts()


def host(address: str) -> str:
    """Return the host of a web address, with its port; statements find the same in it."""
    return urlsplit(address).netloc.lower()
