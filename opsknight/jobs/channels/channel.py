"""What a channel is: it sends one message to one address, and says truly what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
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
]

BUDGET_S: Final = 9.5
"""How long a channel may take for one message; the worker cuts it off half a second later."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, in plain text without markup; every channel finds its own form for it.

    `subject` is one line that says severity, service and cause; `title` is the heading for a text
    that shows the subject elsewhere, and `body` are the lines below it. Tokens are
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
    acknowledge_token: str | None = field(default=None, repr=False)
    acknowledge_url: str | None = field(default=None, repr=False)
    receipt_token: str | None = field(default=None, repr=False)
    possible_repeat: bool = False
    late_by: timedelta | None = None
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """Where to: the channel's own kind of address, and what else it needs to reach it."""

    value: str = field(repr=False)
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
