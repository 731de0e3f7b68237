"""Restrictions: the hours of a week, and the days of a year, in which a layer covers anything.

A part of the week is counted in minutes after Monday 00:00, by the wall clock of the layer's zone. A night
is one part, from its start to its end on the next morning; a weekend from Friday 17:00 to Monday 09:00 too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, TypeVar
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
T = TypeVar("T", int, datetime)


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
    with NOT, and the night that begins on one is left out whole, whatever other parts touch it. Of longer parts,
    and of the whole week, the calendar days of the holidays themselves are meant, from 00:00 to 24:00. Parts that
    overlap are one part.
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
        first = _clipped(wall_time(max(start, _LONG_AGO_AT), zone), -_CLOCK_CHANGE)
        last = _clipped(wall_time(min(end, _FAR_AHEAD_AT), zone), _CLOCK_CHANGE)
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
        if self.on is Holidays.ANY:
            yield from self._of_weeks(start, end)
            return
        days = list(self._of_holidays(start - 2 * _WEEK, end))
        if self.on is Holidays.ONLY:
            pieces: Iterable[Interval] = days
        else:
            pieces = (left for piece in self._of_weeks(start, end) for left in _without(piece, days))
        for piece in pieces:
            if piece[0] >= end:
                return
            if piece[1] > start:
                yield piece

    def without_days(self) -> Restriction:
        """Return the restriction of the week alone, as if there were no holidays."""
        return Restriction(self.parts)

    @property
    def is_nothing(self) -> bool:
        """Whether it allows every instant."""
        return self._is_whole_week and self.on is Holidays.ANY

    def _of_weeks(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield the parts of weeks that touch `[start, end)` as if there were no holidays, whole and in order."""
        if self._is_whole_week:
            if start < FAR_AHEAD and end > LONG_AGO:
                yield LONG_AGO, FAR_AHEAD
            return
        week = _monday(start) - _WEEK  # a part ends in the week after its own at the latest
        while week < end:
            since, until = start - week, end - week
            for part_start, part_end in self._within_week:
                if part_start >= until:
                    return
                if part_end > since:
                    yield week + part_start, week + part_end
            week += _WEEK

    def _of_holidays(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield what belongs to holidays, in order, none touching the next: in `[start, end)` and next to it."""
        runs, before = self.runs_of_holidays, start - _DAY
        for index in range(max(0, bisect_right(runs, (before, before)) - 2), len(runs)):
            yield from self._of_run(runs[index])
            if runs[index][0] >= end:
                return

    def _of_run(self, run: Interval) -> Iterable[Interval]:
        """Return what belongs to a run of holidays: the short parts that start on them, and of longer ones the days."""
        if not self.parts:
            return (run,)
        pieces: list[Interval] = []
        week = _monday(run[0]) - _WEEK
        while week < run[1]:
            for part in self._apart:
                one = _in_week(week, part)
                if one[1] - one[0] > _DAY:
                    one = max(one[0], run[0]), min(one[1], run[1])
                if run[0] <= one[0] < min(one[1], run[1]):
                    pieces.append(one)
            week += _WEEK
        return _joined(pieces)

    @property
    def runs_of_holidays(self) -> tuple[Interval, ...]:
        """The holidays as wall-clock times from 00:00 to 24:00, those that follow each other joined."""
        return _runs_of(self.holidays)

    @cached_property
    def _is_whole_week(self) -> bool:
        return self._weekly == (Part(0, WEEK_MIN),)

    @cached_property
    def _within_week(self) -> tuple[tuple[timedelta, timedelta], ...]:
        """The parts as they are joined, each from Monday 00:00 on."""
        return tuple((part.start_min * _MINUTE, part.end_min * _MINUTE) for part in self._weekly)

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
        joined = [Part(*one) for one in _joined(within)]
        if len(joined) > 1 and joined[0].start_min == 0 and joined[-1].end_min == WEEK_MIN:
            night = joined.pop(0)
            joined[-1] = Part(joined[-1].start_min, WEEK_MIN + night.end_min)
        return tuple(joined)

    @cached_property
    def _apart(self) -> tuple[Part, ...]:
        """The parts in order, joined where they overlap, also over the end of the week, but not where they touch."""
        apart: list[Part] = []
        for part in sorted(self.parts):
            if apart and part.start_min < apart[-1].end_min:
                apart[-1] = Part(apart[-1].start_min, max(apart[-1].end_min, part.end_min))
            else:
                apart.append(part)
        while len(apart) > 1 and apart[0].start_min + WEEK_MIN < apart[-1].end_min:
            first = apart.pop(0)
            apart[-1] = Part(apart[-1].start_min, max(apart[-1].end_min, first.end_min + WEEK_MIN))
        if apart[-1].end_min - apart[-1].start_min > WEEK_MIN:
            return (Part(0, WEEK_MIN),)
        return tuple(apart)


def _joined(pieces: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """Return pieces in order, those that touch or overlap as one."""
    joined: list[tuple[T, T]] = []
    for start, end in sorted(pieces):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _without(whole: Interval, cuts: Sequence[Interval]) -> Iterator[Interval]:
    """Yield what `cuts`, which are in order, leave of `whole`."""
    start, end = whole
    for index in range(max(0, bisect_right(cuts, (start, start)) - 1), len(cuts)):
        cut_start, cut_end = cuts[index]
        if cut_start >= end:
            break
        if cut_start > start:
            yield start, cut_start
        start = max(start, cut_end)
    if start < end:
        yield start, end


@lru_cache(maxsize=256)
def _runs_of(holidays: tuple[date, ...]) -> tuple[Interval, ...]:
    midnights = (datetime.combine(day, time()) for day in holidays)
    return tuple(_joined((midnight, midnight + _DAY) for midnight in midnights))


def _monday(wall: datetime) -> datetime:
    return datetime.combine(wall.date() - timedelta(days=wall.weekday()), time())


def _in_week(week: datetime, part: Part) -> Interval:
    return week + part.start_min * _MINUTE, week + part.end_min * _MINUTE


def _clipped(wall: datetime, by: timedelta) -> datetime:
    return min(max(wall, LONG_AGO - by), FAR_AHEAD - by) + by


_UTC: Final = ZoneInfo("UTC")
_LONG_AGO_AT: Final = first_instant(LONG_AGO, _UTC)
_FAR_AHEAD_AT: Final = first_instant(FAR_AHEAD, _UTC)
