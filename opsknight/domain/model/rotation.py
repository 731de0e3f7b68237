"""Rotations: people who take turns, handed over by the wall clock of a zone.

All arithmetic is done on naive wall-clock times and only then turned into instants, so that a
handoff at 09:00 stays at 09:00 when the clocks change. Indexes count handoffs from the start.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opsknight.domain.model.counting import Counting, counting
from opsknight.domain.model.restriction import Restriction
from opsknight.domain.model.wall_clock import FAR_AHEAD, first_instant, last_instant, wall_time

_MINUTE = timedelta(minutes=1)
_WEEK = timedelta(days=7)
_MONTHS_A_YEAR = 12
_STEPS_MOST = 3_000_000


class Unit(StrEnum):
    """What a rotation counts in."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    WEEKDAYS = "weekdays"
    """Handoffs at named weekdays and times, as Monday and Thursday at 09:00, or Friday 17:00 and Monday 09:00."""


_SPANS = {Unit.HOURS: timedelta(hours=1), Unit.DAYS: timedelta(days=1), Unit.WEEKS: _WEEK}
_A_WEEK = {Unit.HOURS: 7 * 24, Unit.DAYS: 7}


class Turn(NamedTuple):
    """One turn `[start_at, end_at)` of the rotation, and the people who have it."""

    start_at: datetime
    end_at: datetime
    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that a rotation counts: step `index` begins at a wall-clock time, and step 0 with the rotation.

    Of WEEKDAYS, `weekly_min` are the times of handoff in minutes after Monday 00:00, in order; step 0 lasts
    from the start to the first of them.
    """

    starts_at: datetime
    unit: Unit
    weekly_min: tuple[int, ...] = ()

    @property
    def a_period(self) -> int:
        """After how many steps the pattern of weekdays and times of day begins again, from step 1 on."""
        return len(self.weekly_min) if self.unit is Unit.WEEKDAYS else _A_WEEK.get(self.unit, 1)

    def wall(self, index: int) -> datetime:
        """Return the wall-clock time at which step `index` begins; far ahead where there is no such time."""
        if index >= _STEPS_MOST:
            return FAR_AHEAD
        if self.unit is Unit.WEEKDAYS:
            return self._weekday(index)
        if self.unit is not Unit.MONTHS:
            return min(self.starts_at + index * _SPANS[self.unit], FAR_AHEAD)
        years, month = divmod(self.starts_at.month - 1 + index, _MONTHS_A_YEAR)
        year = self.starts_at.year + years
        if year >= FAR_AHEAD.year:
            return FAR_AHEAD
        day = min(self.starts_at.day, monthrange(year, month + 1)[1])
        return self.starts_at.replace(year=year, month=month + 1, day=day)

    def at(self, wall: datetime) -> int:
        """Return the index of the step that holds a wall-clock time, or of a neighbour; never below 0."""
        if self.unit is Unit.MONTHS:
            months = (wall.year - self.starts_at.year) * _MONTHS_A_YEAR + wall.month - self.starts_at.month
            return max(0, months)
        if self.unit is Unit.WEEKDAYS:
            weeks, rest = divmod(wall - self._monday, _WEEK)
            return max(0, weeks * len(self.weekly_min) + bisect_right(self.weekly_min, rest / _MINUTE) - self._skipped)
        return max(0, (wall - self.starts_at) // _SPANS[self.unit])

    def _weekday(self, index: int) -> datetime:
        if index == 0:
            return self.starts_at
        weeks, number = divmod(self._skipped + index - 1, len(self.weekly_min))
        return min(self._monday + weeks * _WEEK + self.weekly_min[number] * _MINUTE, FAR_AHEAD)

    @property
    def _monday(self) -> datetime:
        day = self.starts_at.date()
        return datetime.combine(day - timedelta(days=day.weekday()), time())

    @property
    def _skipped(self) -> int:
        """How many handoffs of the week of the start lie before it, or at it."""
        return bisect_right(self.weekly_min, (self.starts_at - self._monday) / _MINUTE)


@dataclass(frozen=True, slots=True)
class Rotation:
    """`groups` take turns of `length` `unit`s from `starts_at` on, in the wall clock of `zone`.

    `starts_at` and `ends_at` are naive wall-clock times. A rotation without groups covers nothing.
    Of Unit.WEEKDAYS, `weekly_min` says when the handoffs are (minutes after Monday 00:00, in order), and every
    `length`-th of them counts.

    With `active_only`, a turn lasts for `length` active units: hours, days, weeks, months or times between
    handoffs of which that restriction leaves anything, judged by the wall clock, holidays included. Units of
    which it leaves nothing do not count; they belong to the turn before, which is therefore longer.
    So “every 2 days, Mon to Fri, active days only” from a Monday is Mon and Tue, Wed and Thu, Fri and Mon.
    """

    zone: ZoneInfo
    starts_at: datetime
    unit: Unit
    length: int
    groups: tuple[tuple[int, ...], ...]
    ends_at: datetime | None = None
    weekly_min: tuple[int, ...] = ()
    active_only: Restriction | None = None

    @property
    def first_at(self) -> datetime:
        """The instant of the first handoff."""
        return first_instant(self.starts_at, self.zone)

    @property
    def over_at(self) -> datetime | None:
        """The instant from which the rotation covers nothing more, or None."""
        return None if self.ends_at is None else last_instant(self.ends_at, self.zone)

    @property
    def steps(self) -> Steps:
        """What it counts."""
        return Steps(self.starts_at, self.unit, self.weekly_min)

    def handoff(self, index: int) -> datetime:
        """Return the instant of handoff number `index`, where the turn of that index begins."""
        step = index * self.length
        if (counted := self._counting()) is not None:
            step = counted.step_of(step)
        return first_instant(self.steps.wall(step), self.zone)

    def index_at(self, at: datetime) -> int | None:
        """Return the index of the turn that holds `at`, or None before the start, after the end or without groups.

        Computed from the wall clock, not counted from the start: as quick for the year 2040 as for today.
        """
        over_at = self.over_at
        if not self.groups or at < self.first_at or (over_at is not None and at >= over_at):
            return None
        step = self.steps.at(wall_time(at, self.zone))
        if (counted := self._counting()) is not None:
            step = max(0, counted.active_before(step + 1) - 1)
        index = step // self.length
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
        if index is None:
            return
        last_at = end_at if self.over_at is None else min(end_at, self.over_at)
        turn = self.turn(index)
        while turn.start_at < last_at:
            if turn.start_at < turn.end_at:
                yield turn
            index += 1
            turn = self._following(turn, index)

    def _following(self, turn: Turn, index: int) -> Turn:
        """Return the turn of `index`, given the one before, which it begins with the end of."""
        end_at, last_at = self.handoff(index + 1), self.over_at
        if last_at is not None and end_at > last_at:
            end_at = max(turn.end_at, last_at)
        return Turn(turn.end_at, end_at, self.groups[index % len(self.groups)])

    def _counting(self) -> Counting | None:
        return None if self.active_only is None else counting(self.steps, self.active_only)
