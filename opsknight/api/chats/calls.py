"""What calls of chats have in common: how long they may be, one refusal, and that a call is heeded once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from starlette.responses import Response

from opsknight.api.signatures import FRESH_FOR

MOST: Final = 262_144
"""Bytes of a call; a chat sends along the message whose button was pressed."""
REMEMBERED: Final = 10_000


def unproven() -> Response:
    """Refuse a call that does not prove whose it is."""
    return Response(status_code=401)


class Heeded:
    """Which calls were heeded lately: one that comes again does nothing again. Of this process, and bounded."""

    def __init__(self) -> None:
        """Have heeded nothing."""
        self._at: dict[str, datetime] = {}

    def knows(self, name: str) -> bool:
        """Say whether the call of this name was heeded."""
        return name in self._at

    def note(self, name: str, *, now: datetime) -> None:
        """Remember it for as long as a signature may be old, twice over."""
        while self._at and (len(self._at) >= REMEMBERED or now - self._at[next(iter(self._at))] > 2 * FRESH_FOR):
            del self._at[next(iter(self._at))]
        self._at[name] = now
