"""A copy of the data that was restored and pages nobody until it is armed: what waits in it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from opsknight.domain.model.ledger import people, span
from opsknight.domain.model.timer import TimerKind

NOTIFICATION: Final = "notification"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    TimerKind.ESCALATION: ("step", "steps"),
    TimerKind.SAFETY_NET: ("safety net", "safety nets"),
    TimerKind.ACK_TIMEOUT: ("ack timeout", "ack timeouts"),
    TimerKind.ACK_REMINDER: ("reminder of an ack timeout", "reminders of ack timeouts"),
    TimerKind.SNOOZE_END: ("end of a snooze", "ends of snoozes"),
    TimerKind.SUPPRESS_END: ("end of a silence", "ends of silences"),
    TimerKind.PAUSE: ("end of a pause", "ends of pauses"),
    TimerKind.ALERTS_JOINED: ("word to an owner", "words to owners"),
    TimerKind.HEARTBEAT_MISSED: ("silent heartbeat", "silent heartbeats"),
    TimerKind.HEARTBEAT_RESUME: ("paused heartbeat", "paused heartbeats"),
    NOTIFICATION: ("notification", "notifications"),
}
"""In the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much has fallen due and waits, by kind of timer or `notification`; `oldest_at` is when the first did."""

    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    oldest_at: datetime | None = None


def told(waiting: Waiting, *, now: datetime) -> str:
    """Return what a restored copy says of itself: that it pages nobody, what waits, and what now."""
    what = [
        f"{count} {words[count != 1]}"
        for kind, words in _WORDS.items()
        for count in [waiting.counts.get(kind, 0)]
        if count
    ]
    if what and waiting.oldest_at is not None:
        verb = "waits" if list(waiting.counts.values()) == [1] else "wait"
        waits = f"{people(what)} {verb}, due for up to {span((now - waiting.oldest_at).total_seconds())}."
    else:
        waits = "Nothing has fallen due yet."
    return (
        f"This is a restored copy: it pages nobody until an admin arms it. {waits} Arm it on the page Readiness or with"
        " “opsknight arm”, unless the one that it was copied from still works."
    )
