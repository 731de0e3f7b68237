"""What pages somebody in the native window, and how that stands: values that the ear, the bell and the tray share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

NO_LONGER_CALLS: Final = frozenset({"acknowledged", "snoozed", "suppressed", "resolved"})
"""What an incident has become by which nothing is asked any more."""


class Reach(StrEnum):
    """How the window stands with its server."""

    NOT_ADDED = "not added"
    CUT_OFF = "cut off"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a message shows. `calls` says that something is asked of its person, `loud` that it may wake them.

    `at` tells the newer of two messages about the same thing, which is their `tag`.
    """

    tag: str
    title: str
    body: str
    url: str
    at: int
    calls: bool
    loud: bool
    number: int | None = None
    acknowledge: str | None = field(default=None, repr=False)
    receipt: str | None = field(default=None, repr=False)
    words: tuple[str, str] = ("Acknowledge", "Open")

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> Alarm:
        """Return what one message of the server shows.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        calls = message["kind"] not in NO_LONGER_CALLS
        press, look = message.get("words") or ("Acknowledge", "Open")
        return cls(
            tag=str(message["tag"]),
            title=str(message["title"]),
            body=str(message["body"]),
            url=str(message["url"]),
            at=int(message["at"]),
            calls=calls,
            loud=calls and message["urgency"] == "high",
            number=message.get("n"),
            acknowledge=message.get("ack"),
            receipt=message.get("receipt"),
            words=(str(press), str(look)),
        )


@dataclass(frozen=True, slots=True)
class State:
    """What there is to see: how the window stands with its server, what calls, and what of that sounds."""

    reach: Reach
    calling: Sequence[Alarm] = ()
    sounding: frozenset[str] = frozenset()


class Face(Protocol):
    """Where alarms are shown, and heard."""

    def show(self, state: State, news: Sequence[Alarm]) -> Collection[str]:
        """Show `news`, and have sound what sounds; return the tags of what is on the screen, and heard if loud."""
        ...

    def follow(self, state: State) -> None:
        """Show that things are so now; nothing is new in it."""
        ...
