"""What an edit of a schedule changes: coverage, gaps, handoffs and load of the weeks to come, and the clock changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.schedule import Interval, OnCall, Schedule, shifts
from opsknight.domain.model.stack import merged, uncovered
from opsknight.domain.model.wall_clock import wall_time

AHEAD: Final = timedelta(weeks=13)
CLOCK_CHANGES: Final = 2
_FURTHEST: Final = timedelta(days=400)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_NOTHING: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks to come as one schedule has them: what is covered, how often it is handed over, who has how much."""

    covered: timedelta
    gaps: tuple[Interval, ...]
    handoffs: int
    load: Mapping[int, timedelta]


@dataclass(frozen=True, slots=True)
class ClockChange:
    """An instant at which the zone's clocks change by `by`, and the shifts that it makes longer or shorter."""

    at: datetime
    by: timedelta
    shifts: tuple[OnCall, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What AHEAD looks like `before` an edit (None: there was no schedule) and `after` it.

    `opened` are the gaps that there are only afterwards, `closed` those that there are no more; each whole or a
    part. The clock changes are told of the schedule as it would be.
    """

    before: Weeks | None
    after: Weeks
    opened: tuple[Interval, ...]
    closed: tuple[Interval, ...]
    clock_changes: tuple[ClockChange, ...]


def difference(before: Schedule | None, after: Schedule, zone: ZoneInfo, *, now: datetime) -> Difference:
    """Return what changes from `now` on when `before` becomes `after`; the past is never part of it."""
    end = now + AHEAD
    then = weeks(after, now, end)
    was = None if before is None else weeks(before, now, end)
    return Difference(
        before=was,
        after=then,
        opened=tuple(_without(then.gaps, () if was is None else was.gaps)),
        closed=tuple(_without(() if was is None else was.gaps, then.gaps)),
        clock_changes=tuple(_clock_changes(after, zone, now)),
    )


def weeks(schedule: Schedule, start: datetime, end: datetime) -> Weeks:
    """Return what a schedule has in `[start, end)`."""
    found = [one for one in shifts(schedule, start, end) if one.start_at < end and one.end_at > start]
    covers = merged((max(one.start_at, start), min(one.end_at, end)) for one in found)
    load: dict[int, timedelta] = {}
    for user_id in {one.user_id for one in found}:
        its = merged((max(one.start_at, start), min(one.end_at, end)) for one in found if one.user_id == user_id)
        load[user_id] = sum((until - since for since, until in its), _NOTHING)
    return Weeks(
        covered=sum((until - since for since, until in covers), _NOTHING),
        gaps=tuple(uncovered((start, end), covers)) if start < end else (),
        handoffs=_handoffs(found, start, end),
        load=load,
    )


def _handoffs(found: list[OnCall], start: datetime, end: datetime) -> int:
    """Return at how many instants within the span somebody comes on call who was not before."""
    comes = {(one.start_at, one.user_id) for one in found if start < one.start_at < end}
    goes = {(one.end_at, one.user_id) for one in found}
    return len({at for at, _ in comes - goes})


def _without(gaps: tuple[Interval, ...], others: tuple[Interval, ...]) -> Iterator[Interval]:
    """Yield the parts of `gaps` that none of `others` covers."""
    for gap in gaps:
        yield from (part for part in uncovered(gap, others) if part[0] < part[1])


def _clock_changes(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Iterator[ClockChange]:
    for number, (at, by) in enumerate(changes_of(zone, after=now)):
        if number == CLOCK_CHANGES:
            return
        around = [one for one in shifts(schedule, at - _SECOND, at + _SECOND) if one.start_at < at < one.end_at]
        yield ClockChange(at, by, tuple(one for one in around if _is_unusual(one, zone)))


def _is_unusual(shift: OnCall, zone: ZoneInfo) -> bool:
    """Return whether a shift of less than a week lasts longer or shorter than the clock on the wall says."""
    lasts = shift.end_at - shift.start_at
    return lasts < timedelta(days=7) and wall_time(shift.end_at, zone) - wall_time(shift.start_at, zone) != lasts


def changes_of(zone: ZoneInfo, *, after: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """Yield the instants later than `after`, within _FURTHEST, at which the zone's offset changes, and by how much."""
    at, last = after.astimezone(UTC), after.astimezone(UTC) + _FURTHEST
    while at < last:
        then = at + _DAY
        if (by := _offset(then, zone) - _offset(at, zone)) != _NOTHING:
            yield _instant_of_change(at, then, zone), by
        at = then


def _instant_of_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second with the offset of `after`, by halving."""
    low, high, offset = 0, int((after - before) / _SECOND), _offset(after, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + middle * _SECOND, zone) == offset:
            high = middle
        else:
            low = middle
    return (before + high * _SECOND).replace(microsecond=0)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or _NOTHING
