"""Events: what a monitor says, normalised into one shape.

An adapter in `opsknight.api.providers` returns these; everything after it knows no provider.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MAX_DEDUP_KEY = 1024
MAX_TITLE = 1024


class Action(StrEnum):
    """What a monitor asks for."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Severity(StrEnum):
    """How bad the monitor says it is, worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Urgency(StrEnum):
    """How loudly we page."""

    HIGH = "high"
    LOW = "low"


class Malformed(ValueError):
    """What was received cannot be understood; the text says what is missing, for a person."""


class NotMeant(Malformed):
    """What was received is nothing that a monitor meant to tell, a bounce for example.

    It is kept with its reason like what is malformed, and nobody is told: what tells of it may come back as well.
    """


@dataclass(frozen=True, slots=True)
class Link:
    """A web address with the words to show for it; only http and https survive an adapter."""

    href: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One normalised message from a monitor.

    `dedup_key` is at most MAX_DEDUP_KEY characters and never empty. `occurred_at` is the
    monitor's own time of the event and `started_at` when the condition began, both in UTC and
    both None where the monitor does not say. `expires_at` is until when a monitor that repeats its
    alerts vouches for this one. `details` keeps what else it said, as plain JSON.
    """

    action: Action
    dedup_key: str
    title: str
    severity: Severity = Severity.ERROR
    source: str = ""
    component: str = ""
    occurred_at: datetime | None = None
    started_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    links: tuple[Link, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One part of a delivery that could not become an event; it is kept with its reason."""

    reason: str


def dedup_sha(dedup_key: str) -> bytes:
    """Return the SHA-256 of a dedup key, by which the database tells open alerts apart."""
    return hashlib.sha256(dedup_key.encode()).digest()


def urgency_of(severity: Severity, mode: str) -> Urgency:
    """Return how loudly a service pages for `severity`; `mode` is severity, high or low.

    By severity (the default), critical and error page loudly, warning and info quietly.
    """
    if mode in (Urgency.HIGH, Urgency.LOW):
        return Urgency(mode)
    return Urgency.HIGH if severity in (Severity.CRITICAL, Severity.ERROR) else Urgency.LOW
