"""What a channel is: it sends one message to one address, and says truly what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from uuid import UUID

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import Ambiguous, Failed, Fault, Outcome, PageKind, Retry, Sent

__all__ = [
    "BUDGET_S",
    "Address",
    "Ambiguous",
    "Channel",
    "Failed",
    "Fault",
    "Message",
    "Outcome",
    "PageKind",
    "Retry",
    "Sent",
    "Urgency",
    "seconds_asked",
]

BUDGET_S: Final = 9.5
"""How long a channel may take for one message; the worker cuts it off half a second later."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, in plain text without markup; every channel finds its own form for it.

    `subject` is one line that says severity, service and cause. `body` are whole lines. Tokens are
    signed and name one notification. `possible_repeat` and `late_by` are already said in the words.
    """

    notification_id: UUID
    kind: PageKind
    subject: str
    title: str
    body: str
    url: str
    urgency: Urgency
    to_name: str = ""
    incident_id: UUID | None = None
    number: int | None = None
    acknowledge_token: str | None = None
    acknowledge_url: str | None = None
    receipt_token: str | None = None
    possible_repeat: bool = False
    late_by: timedelta | None = None
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """Where to: the channel's own kind of address, and what else it needs to reach it."""

    value: str
    secret: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Channel(Protocol):
    """One way to reach a person."""

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand `message` to the provider and return what became of it, within BUDGET_S; never raise.

        Retry promises that nothing was sent; what was handed over without an answer is Ambiguous.
        """
        ...

    async def close(self) -> None:
        """Give back what is held open between messages."""
        ...


def seconds_asked(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None for nothing usable.

    A number of seconds or a date; a negative number, a date gone by and garbage are nothing usable.
    The caller caps what is too long. Source: RFC 9110, section 10.2.3.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    left = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return math.ceil(left) if left > 0 else None
