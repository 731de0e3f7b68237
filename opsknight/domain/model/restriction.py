"""Restrictions: the hours of a week, and the days of a year, in which a layer covers anything.

A part of the week is counted in minutes after Monday 00:00, by the wall clock of the layer's zone. A night
is one part, from its start to its end on the next morning; a weekend from Friday 17:00 to Monday 09:00 too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from opsknight.domain.model.wall_clock import FAR_AHEAD, LONG_AGO, first_instant, last_instant, wall_time

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_MINUTE: Final = timedelta(minutes=1)
DAY_MIN: Final = 24 * 60
WEEK_MIN: Final = 7 * DAY_MIN
_CLOCK_CHANGE: Final = timedelta(days=2)
"""Longer than any clock was ever changed by: parts further apart than this never touch."""

Interval = tuple[datetime, datetime]


class Holidays(StrEnum):
    """What holidays mean to a layer."""

    ANY = "any"
    """Nothing: they are days like others."""
    NOT = "not"
    """It covers nothing on them."""
    ONLY = "only"
    """It covers nothing but them."""


class Part(NamedTuple):
    """A part of the week `[start_min, end_min)` in minutes after Monday 00:00.

    It starts within the week and lasts a week at most, so `end_min` may lie in the next one.
    """

    start_min: int
    end_min: int


@dataclass(frozen=True)
class Restriction:
    """When a layer covers anything: in `parts` of the week, all of it without any; on days that `on` lets it.

    A part that lasts a day at most belongs to the day on which it starts: the night into a holiday stays whole
    with NOT, and the night that begins on one is left out whole. Of longer parts, and of the whole week, the
    calendar days of the holidays themselves are meant, from 00:00 to 24:00. Parts that touch are one part.
    """

    parts: tuple[Part, ...] = ()
    holidays: tuple[date, ...] = ()
    on: Holidays = Holidays.ANY

    def spans(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Interval]:
        """Yield the instants it allows that touch `[start, end)`, whole, in order, none touching the next.

        A start that occurs twice is its first occurrence and an end its last; where that makes parts meet,
        they are one.
        """
        held: Interval | None = None
        first = _clipped(wall_time(max(start, _instant_of(LONG_AGO)), zone), -_CLOCK_CHANGE)
        last = _clipped(wall_time(min(end, _instant_of(FAR_AHEAD)), zone), _CLOCK_CHANGE)
        for wall_start, wall_end in self.walls(first, last):
            one = first_instant(wall_start, zone), last_instant(wall_end, zone)
            if one[0] >= one[1]:  # swallowed by a clock change
                continue
            if held is not None and one[0] <= held[1]:
                held = held[0], max(held[1], one[1])
                continue
            if held is not None and held[0] < end and held[1] > start:
                yield held
            held = one
        if held is not None and held[0] < end and held[1] > start:
            yield held

    def walls(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield the wall-clock times it allows that touch `[start, end)`, whole, in order, none touching the next."""
        if self._is_whole_week:
            yield from self._allowed(start, end)
            return
        week = datetime.combine(start.date() - timedelta(days=start.weekday()), time()) - 2 * _WEEK
        while week < end:
            for part in self._weekly:
                one = week + part.start_min * _MINUTE, week + part.end_min * _MINUTE
                for piece in self._on_its_days(one):
                    if piece[0] < end and piece[1] > start:
                        yield piece
            week += _WEEK

    def without_days(self) -> Restriction:
        """Return the restriction of the week alone, as if there were no holidays."""
        return Restriction(self.parts)

    @property
    def is_nothing(self) -> bool:
        """Whether it allows every instant."""
        return self._is_whole_week and self.on is Holidays.ANY

    def _on_its_days(self, one: Interval) -> Iterable[Interval]:
        if self.on is Holidays.ANY:
            return (one,)
        if one[1] - one[0] <= _DAY:
            return (one,) if (one[0].date() in self._days) is (self.on is Holidays.ONLY) else ()
        return ((max(one[0], start), min(one[1], end)) for start, end in self._allowed(*one))

    def _allowed(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield the runs of whole days that `on` lets it have and that touch `[start, end)`."""
        runs = self._runs
        for index in range(max(0, bisect_right(runs, (start, start)) - 1), len(runs)):
            if runs[index][0] >= end:
                return
            if runs[index][1] > start:
                yield runs[index]

    @cached_property
    def runs_of_holidays(self) -> tuple[Interval, ...]:
        """The holidays as wall-clock times from 00:00 to 24:00, those that follow each other joined."""
        runs: list[Interval] = []
        for day in sorted(self._days):
            start = datetime.combine(day, time())
            if runs and runs[-1][1] == start:
                runs[-1] = runs[-1][0], start + _DAY
            else:
                runs.append((start, start + _DAY))
        return tuple(runs)

    @cached_property
    def _runs(self) -> tuple[Interval, ...]:
        if self.on is Holidays.ANY:
            return ((LONG_AGO, FAR_AHEAD),)
        if self.on is Holidays.ONLY:
            return self.runs_of_holidays
        between: list[Interval] = []
        start = LONG_AGO
        for holiday_start, holiday_end in self.runs_of_holidays:
            between.append((start, holiday_start))
            start = holiday_end
        return *between, (start, FAR_AHEAD)

    @cached_property
    def _days(self) -> frozenset[date]:
        return frozenset(self.holidays)

    @cached_property
    def _is_whole_week(self) -> bool:
        return self._weekly == (Part(0, WEEK_MIN),)

    @cached_property
    def _weekly(self) -> tuple[Part, ...]:
        """The parts in order, joined where they touch, also over the end of the week."""
        if not self.parts:
            return (Part(0, WEEK_MIN),)
        within: list[Part] = []
        for part in self.parts:
            within.append(Part(part.start_min, min(part.end_min, WEEK_MIN)))
            if part.end_min > WEEK_MIN:
                within.append(Part(0, part.end_min - WEEK_MIN))
        joined: list[Part] = []
        for part in sorted(within):
            if joined and part.start_min <= joined[-1].end_min:
                joined[-1] = Part(joined[-1].start_min, max(joined[-1].end_min, part.end_min))
            else:
                joined.append(part)
        if len(joined) > 1 and joined[0].start_min == 0 and joined[-1].end_min == WEEK_MIN:
            night = joined.pop(0)
            joined[-1] = Part(joined[-1].start_min, WEEK_MIN + night.end_min)
        return tuple(joined)


def _clipped(wall: datetime, by: timedelta) -> datetime:
    return min(max(wall, LONG_AGO - by), FAR_AHEAD - by) + by


def _instant_of(wall: datetime) -> datetime:
    return first_instant(wall, _UTC)


_UTC: Final = ZoneInfo("UTC")
