"""Whose turn a phone number is: at most one message a minute to it about one service.

A page that a number has had as a text does not wait for the texts of others to call it, and the other way round. So a
new service is heard at once, and a storm of one service is a text and a call a minute that tell of all that came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from opsknight.domain.model.notification import AHEAD, ALONE, PageKind

PHONES: Final = frozenset({"sms", "voice", "whatsapp"})
"""Channels whose addresses are phone numbers."""
APART: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a number was last sent about one service: for which page, and when."""

    page_id: UUID
    at: datetime


def waits(kind: PageKind) -> bool:
    """Say whether messages of this kind wait for their turn: not what somebody asked for, nor an answer to them."""
    return kind not in ALONE or kind in AHEAD


def held_until(*turns: Turn | None, page_id: UUID, at: datetime) -> datetime | None:
    """Return until when a message waits whose number had the last of these `turns`; None where it goes.

    All messages of one page are one: a person who wants to be called when no text helps is called. No wait is
    longer than APART, whatever became of the clock.
    """
    others = [turn for turn in turns if turn is not None and turn.page_id != page_id and turn.at + APART > at]
    return max((min(turn.at, at) + APART for turn in others), default=None)
