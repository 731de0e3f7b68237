"""The clocks that somebody has lived by: the zone of now, and others before. Who moves changes nothing of what was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model import duty_time
from opsknight.domain.model.duty_time import NIGHT, NO_DAYS, WEEKEND, Hours, Interval, Piece


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now` is the zone somebody lives by; `former` are those before, each with the instant until which it held.

    `former` is in order of time.
    """

    now: ZoneInfo
    former: tuple[tuple[datetime, ZoneInfo], ...] = ()

    def at(self, instant: datetime) -> ZoneInfo:
        """Return the zone that they lived by at an instant; that of now for all that is to come."""
        return next((zone for until_at, zone in self.former if instant < until_at), self.now)

    def pieces(
        self, start: datetime, end: datetime, *, holidays: frozenset[date] = NO_DAYS, weekend: frozenset[int] = WEEKEND
    ) -> Iterator[Piece]:
        """Yield `[start, end)` cut into pieces of one kind, as `duty_time.pieces`, each by the clock of its time."""
        for first, last, zone in self._spans(start, end):
            yield from duty_time.pieces(first, last, zone=zone, holidays=holidays, weekend=weekend)

    def nights(self, start: datetime, end: datetime, *, night: Hours = NIGHT) -> Iterator[tuple[date, Interval]]:
        """Yield what of `[start, end)` is night, by the clock of its time, under the day on which the night begins."""
        for first, last, zone in self._spans(start, end):
            for day, (begins_at, ends_at) in duty_time.nights(first, last, zone=zone, night=night):
                yield day, Interval(max(begins_at, first), min(ends_at, last))

    def _spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, ZoneInfo]]:
        for until_at, zone in self.former:
            if start < min(until_at, end):
                yield start, min(until_at, end), zone
                start = min(until_at, end)
        if start < end:
            yield start, end, self.now


IN_UTC: Final = Clocks(ZoneInfo("UTC"))
"""Of somebody of whom nothing is known."""
