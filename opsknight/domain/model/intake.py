"""What one event does to the alert of its key: decided in order of arrival, with a named reason.

This is the hot path, once per event: it copies nothing and makes no value. The caller keeps a
working copy of each key's newest alert, applies each verdict to it and asks again, so that
trigger → resolve → trigger within one batch means the same as in three.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsknight.domain.model.event import Action, Event, Urgency

COUNT_FACT = timedelta(minutes=1)
"""How often the ledger tells the count of an alert that keeps coming, at most."""
LATE_COPY_WITHIN = timedelta(minutes=5)
OWN_KEYS = "opsknight:"
"""Dedup keys of what OpsKnight reports about itself begin so; no provider's key does."""
OWN_REPORT_EVERY = timedelta(hours=1)


class Verdict(StrEnum):
    """What became of one event; stored with it, and shown as the reason why it did or did not page."""

    OPENED = "opened"
    OCCURRENCE = "occurrence"
    RAISED = "urgency raised"
    REOPENED = "reopened"
    LATE_COPY = "late copy"
    TOLD_LATELY = "told lately"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    NOTHING_OPEN = "nothing open"
    JOINED = "joined"
    DROPPED = "dropped"
    COUNTED = "counted"
    """Of a rule: its alert belongs to an open incident; it opens none; it opens none before others like it come."""
    UNREADABLE = "unreadable"
    STORED_BEFORE = "stored before"
    """Sent again with its idempotency key; only answered so, never stored."""


@dataclass(slots=True, kw_only=True)
class Latest:
    """The newest alert of a key as it stands, and the highest urgency that its incident ever had.

    `resolved_by` is an actor: `integration:3` when its monitor said so, `user:7` when a person did.
    """

    is_open: bool
    highest_urgency: Urgency
    started_at: datetime | None
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


def decide(
    event: Event, latest: Latest | None, *, urgency: Urgency, now: datetime, reopen_window: timedelta
) -> Verdict:
    """Decide what `event` does, given the newest alert of its key, None when there never was one.

    `urgency` is how loudly the service pages for the event's severity. A resolve or acknowledge
    with nothing open changes nothing, and so can never swallow the trigger that follows.
    """
    if latest is None:
        return Verdict.OPENED if event.action is Action.TRIGGER else Verdict.NOTHING_OPEN
    if event.action is Action.TRIGGER:
        if not latest.is_open:
            return _after_resolve(event, latest, now=now, reopen_window=reopen_window)
        return Verdict.RAISED if exceeds(urgency, latest.highest_urgency) else Verdict.OCCURRENCE
    if not latest.is_open:
        return Verdict.NOTHING_OPEN
    return Verdict.RESOLVED if event.action is Action.RESOLVE else Verdict.ACKNOWLEDGED


def exceeds(urgency: Urgency, highest: Urgency) -> bool:
    """Return whether `urgency` is above the highest that an incident has had."""
    return urgency is Urgency.HIGH and highest is Urgency.LOW


def _after_resolve(event: Event, latest: Latest, *, now: datetime, reopen_window: timedelta) -> Verdict:
    """Open anew, unless a lagging peer or OpsKnight itself repeats, or the window reopens the old incident."""
    if event.dedup_key.startswith(OWN_KEYS):
        return Verdict.TOLD_LATELY if now - latest.opened_at < OWN_REPORT_EVERY else Verdict.OPENED
    if latest.resolved_at is None:
        return Verdict.OPENED
    since = now - latest.resolved_at
    if since < LATE_COPY_WITHIN and _is_copy(event, latest):
        return Verdict.LATE_COPY
    return Verdict.REOPENED if since < reopen_window else Verdict.OPENED


def _is_copy(event: Event, latest: Latest) -> bool:
    """Return whether `event` tells again of the alert that its own monitor resolved, by the start time."""
    by_monitor = latest.resolved_by is not None and latest.resolved_by.startswith("integration:")
    return by_monitor and event.started_at is not None and event.started_at == latest.started_at
