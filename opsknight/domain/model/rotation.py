"""Rotations: people who take turns, handed over by the wall clock of a zone.

All arithmetic is done on naive wall-clock times and only then turned into instants, so that a
handoff at 09:00 stays at 09:00 when the clocks change. Indexes count handoffs from the start.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)
_MONTHS_A_YEAR = 12


class Unit(StrEnum):
    """What a rotation counts in."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


_SPANS = {Unit.HOURS: timedelta(hours=1), Unit.DAYS: timedelta(days=1), Unit.WEEKS: timedelta(weeks=1)}


class Turn(NamedTuple):
    """One turn `[start_at, end_at)` of the rotation, and the people who have it."""

    start_at: datetime
    end_at: datetime
    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rotation:
    """`groups` take turns of `length` `unit`s from `starts_at` on, in the wall clock of `zone`.

    `starts_at` and `ends_at` are naive wall-clock times. A rotation without groups covers nothing.
    """

    zone: ZoneInfo
    starts_at: datetime
    unit: Unit
    length: int
    groups: tuple[tuple[int, ...], ...]
    ends_at: datetime | None = None

    @property
    def first_at(self) -> datetime:
        """The instant of the first handoff."""
        return first_instant(self.starts_at, self.zone)

    @property
    def over_at(self) -> datetime | None:
        """The instant from which the rotation covers nothing more, or None."""
        return None if self.ends_at is None else last_instant(self.ends_at, self.zone)

    def handoff(self, index: int) -> datetime:
        """Return the instant of handoff number `index`, where the turn of that index begins."""
        return first_instant(_after(self.starts_at, self.unit, self.length * index), self.zone)

    def index_at(self, at: datetime) -> int | None:
        """Return the index of the turn that holds `at`, or None before the start, after the end or without groups.

        Computed from the wall clock, not counted from the start: as quick for the year 2040 as for today.
        """
        over_at = self.over_at
        if not self.groups or at < self.first_at or (over_at is not None and at >= over_at):
            return None
        index = max(0, self._estimate(at))
        while index > 0 and self.handoff(index) > at:
            index -= 1
        while self.handoff(index + 1) <= at:
            index += 1
        return index

    def turn(self, index: int) -> Turn:
        """Return the turn of `index`, cut at the rotation's end; empty where its handoffs fall into one gap."""
        start_at, end_at, last_at = self.handoff(index), self.handoff(index + 1), self.over_at
        if last_at is not None:
            end_at = max(start_at, min(end_at, last_at))
        return Turn(start_at, end_at, self.groups[index % len(self.groups)])

    def turns(self, start_at: datetime, end_at: datetime) -> Iterator[Turn]:
        """Yield the turns that touch `[start_at, end_at)`, whole, in order of time."""
        index = self.index_at(max(start_at, self.first_at))
        while index is not None:
            turn = self.turn(index)
            if turn.start_at >= end_at or (self.over_at is not None and turn.start_at >= self.over_at):
                return
            if turn.start_at < turn.end_at:
                yield turn
            index += 1

    def _estimate(self, at: datetime) -> int:
        """Return the index by the wall clock alone: off by the size of a clock change at most."""
        wall = at.astimezone(self.zone).replace(tzinfo=None)
        if self.unit is Unit.MONTHS:
            months = (wall.year - self.starts_at.year) * _MONTHS_A_YEAR + wall.month - self.starts_at.month
            return months // self.length
        return (wall - self.starts_at) // (_SPANS[self.unit] * self.length)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive wall-clock time: a handoff or a start.

    Of a time that occurs twice, the first; of one that does not exist, the first instant after the gap.
    """
    return _instant(wall, zone, fold=0)


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive wall-clock time: an end. Of a time that occurs twice, the last."""
    return _instant(wall, zone, fold=1)


def _instant(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if late < early:  # in a gap, fold 0 counts by the offset before it and lands behind it
        return _end_of_gap(late, early, zone)
    return late if fold else early


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of the clock change between `before` and `after`, to the second, by halving."""
    offset = after.astimezone(zone).utcoffset()
    seconds = int((after - before) / _SECOND)
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + high * _SECOND


def _after(wall: datetime, unit: Unit, count: int) -> datetime:
    """Return `wall` moved by `count` units; a month that is too short ends the day's wish at its last day."""
    if unit is not Unit.MONTHS:
        return wall + count * _SPANS[unit]
    years, month = divmod(wall.month - 1 + count, _MONTHS_A_YEAR)
    year = wall.year + years
    return wall.replace(year=year, month=month + 1, day=min(wall.day, monthrange(year, month + 1)[1]))
