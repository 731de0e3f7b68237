"""Time on call by its kind: night, weekend and public holiday, by the wall clock of the person who has it.

A stretch of time is cut at every local midnight and wherever night begins or ends. What a clock change adds or
takes is in the piece in which it happens: a night of nine hours then has eight or ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from opsknight.domain.model.rotation import first_instant

NO_DAYS: Final[frozenset[date]] = frozenset()
_DAY: Final = timedelta(days=1)
WEEKEND: Final = frozenset({5, 6})
"""By `date.weekday`, where a schedule names no country that rests on other days."""


class Interval(NamedTuple):
    """`[start_at, end_at)`."""

    start_at: datetime
    end_at: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end_at - self.start_at


class Piece(NamedTuple):
    """A stretch of time that is of one kind all along; `day` is the local day it belongs to."""

    start_at: datetime
    end_at: datetime
    day: date
    night: bool
    weekend: bool
    holiday: bool

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end_at - self.start_at


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of every day by the local clock, to the minute: `[start, end)`, over midnight where it ends earlier."""

    start: time
    end: time

    def holds(self, wall: time) -> bool:
        """Return whether the clock shows a time within it."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


NIGHT: Final = Hours(time(22), time(7))
SLEEP: Final = Hours(time(23), time(7))
WORK: Final = Hours(time(9), time(17))


def pieces(
    start: datetime,
    end: datetime,
    *,
    zone: ZoneInfo,
    holidays: frozenset[date] = NO_DAYS,
    weekend: frozenset[int] = WEEKEND,
    night: Hours = NIGHT,
) -> Iterator[Piece]:
    """Yield `[start, end)` cut into pieces of one kind, in order of time, without gap or overlap.

    A night's hours after midnight belong to the day on which they are: Saturday 02:00 is weekend.
    """
    if start >= end:
        return
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start.astimezone(zone).date() - _DAY
    while True:
        marks = _marks(zone, day, night)
        if marks[0][0] >= end:
            return
        following = [mark for mark, _ in marks[1:]] + [_midnight(day + _DAY, zone)]
        for (mark, is_night), until in zip(marks, following, strict=True):
            first, last = max(mark, start), min(until, end)
            if first < last:
                yield Piece(first, last, day, is_night, day.weekday() in weekend, day in holidays)
        day += _DAY


def nights(start: datetime, end: datetime, *, zone: ZoneInfo, night: Hours = NIGHT) -> Iterator[tuple[date, Interval]]:
    """Yield each night that touches `[start, end)`, whole, under the day on which it begins."""
    day = start.astimezone(zone).date() - _DAY
    while True:
        morning = day if night.start <= night.end else day + _DAY
        one = Interval(_at(day, night.start, zone), _at(morning, night.end, zone))
        if one.start_at >= end:
            return
        if one.end_at > start and one.start_at < one.end_at:
            yield day, one
        day += _DAY


def united(intervals: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
    """Return what `intervals` cover together, in order of time, each instant once."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1].end_at:
            found[-1] = Interval(found[-1].start_at, max(found[-1].end_at, end))
        elif start < end:
            found.append(Interval(start, end))
    return found


@lru_cache(maxsize=16_384)
def _marks(zone: ZoneInfo, day: date, night: Hours) -> tuple[tuple[datetime, bool], ...]:
    """Return the instants of a local day at which it begins, or night begins or ends, and whether it is night then."""
    walls = sorted({time(0), night.start, night.end})
    return tuple((_at(day, wall, zone), night.holds(wall)) for wall in walls)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _at(day, time(0), zone)


@lru_cache(maxsize=65_536)
def _at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return an instant of a local day; the same few thousand are asked for again and again."""
    return first_instant(datetime.combine(day, wall), zone)
