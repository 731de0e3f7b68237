"""Flapping: an alert that opens and clears again and again is one trouble, and pages once.

With hysteresis: it takes many changes to begin and few to end, so that the state itself does not flap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from opsknight.domain.model.ledger import span

MIN_WINDOW, MAX_WINDOW = timedelta(minutes=1), timedelta(days=1)
MAX_START: Final = 50


class BadFlapping(ValueError):
    """Limits that cannot be kept; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Limits:
    """It begins with `start` changes within `window`, and ends with fewer than `stop`."""

    start: int = 6
    stop: int = 3
    window: timedelta = timedelta(minutes=30)

    def words(self) -> str:
        """Return them as people say them."""
        lasting = span(self.window.total_seconds())
        return f"flaps from {self.start} changes in {lasting} until there are fewer than {self.stop}"


@dataclass(frozen=True, slots=True)
class Flaps:
    """The last changes (opened, cleared) of one key, the oldest first, and since when it flaps."""

    changes: tuple[datetime, ...] = ()
    since: datetime | None = None

    def changed(self, limits: Limits, at: datetime) -> Flaps:
        """Return it with one more change at `at`: it may begin to flap, or have ended before."""
        calm = self.calmed(limits, at)
        recent = tuple(one for one in calm.changes if one > at - limits.window)
        changes = (*recent, at)[-limits.start :]
        since = calm.since
        if since is None and len(changes) >= limits.start:
            since = at
        return Flaps(changes, since)

    def calmed(self, limits: Limits, at: datetime) -> Flaps:
        """Return it as it is at `at`, when nothing has changed since."""
        return self if self.since is None or self.calm_at(limits) > at else replace(self, since=None)

    def calm_at(self, limits: Limits) -> datetime:
        """Return when it has ended to flap if nothing changes; of one that does not flap, when it can be forgotten.

        There has been a change. Limits that were set since are kept from the next change on.
        """
        counted = 1 if self.since is None else min(limits.stop, len(self.changes))
        return self.changes[-counted] + limits.window


def check(limits: Limits) -> None:
    """Make sure that `limits` can be kept.

    Raises:
        BadFlapping: it would end no later than it begins, or the window is too short or long.
    """
    if not 1 <= limits.stop < limits.start <= MAX_START:
        raise BadFlapping(f"It must begin with more changes than it ends with, and with {MAX_START} at most.")
    if limits.start < 3:
        raise BadFlapping("One failure and its end are two changes; begin with three at least.")
    if not MIN_WINDOW <= limits.window <= MAX_WINDOW:
        raise BadFlapping("Count changes within a minute at least and a day at most.")
