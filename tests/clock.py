"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opsknight.clock import Clock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A Tuesday; the tests' databases have partitions for this month and the next three."""


class StoppedClock(Clock):
    """Says `at`, whatever the database and the machine say. Its monotonic clock is the real one."""

    def __init__(self, at: datetime = NOON) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        """Return the instant at which it stands."""
        return self.at + self.offset

    def advance(self, by: timedelta) -> datetime:
        """Move on, or back, and return the new instant."""
        self.at += by
        return self.now()
