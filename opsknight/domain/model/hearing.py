"""Hearing: whether what reports to us could reach us, and since when without a break.

Silence means something only while we could hear. Pure: the same marks and instants give the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MARK_EVERY = timedelta(seconds=5)
"""How often whoever takes events and pings marks that it can."""
DEAF_AFTER = timedelta(seconds=15)
"""Without a mark for longer nobody could hear: no process ran that takes pings, or the database was away."""
GONE_AFTER = timedelta(seconds=8)
"""A process that begins and finds no mark for longer is the only one: nobody heard while it was away."""
LOOK_AGAIN = timedelta(seconds=10)
"""How soon to look again while nobody hears."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """The last mark, since when there was no break, and the mark before that break; None before the first."""

    heard_at: datetime
    since: datetime
    deaf_from: datetime | None = None

    @property
    def away(self) -> timedelta:
        """How long the last break was."""
        return timedelta(0) if self.deaf_from is None else self.since - self.deaf_from

    def is_deaf(self, at: datetime) -> bool:
        """Return whether nobody hears now."""
        return at - self.heard_at > DEAF_AFTER


def marked(before: Hearing | None, *, at: datetime, begins: bool) -> Hearing:
    """Return the hearing after a mark; `begins` says that a process has just started."""
    if before is None:
        return Hearing(at, at)
    at = max(at, before.heard_at)  # of two processes the later to mark may have looked at the clock first
    if at - before.heard_at > (GONE_AFTER if begins else DEAF_AFTER):
        return Hearing(at, at, deaf_from=before.heard_at)
    return Hearing(at, before.since, before.deaf_from)


def counts_from(hearing: Hearing | None, due: datetime, *, patience: timedelta, at: datetime) -> datetime:
    """Return when silence that would count from `due` on counts: no sooner than `patience` after we could hear again.

    Where no mark was ever made, we are taken to hear.
    """
    if hearing is None:
        return due
    if hearing.is_deaf(at):
        return max(due, at + LOOK_AGAIN)
    return due if hearing.deaf_from is None else max(due, hearing.since + patience)
