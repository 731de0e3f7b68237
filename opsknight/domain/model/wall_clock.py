"""Wall clocks: which instant a local time of a zone means, when the clocks change and when they do not.

Callers count on naive wall-clock times and only then ask here, so that 09:00 stays 09:00.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_A_YEAR: Final = timedelta(days=366)
LONG_AGO: Final = datetime(2, 1, 1)  # noqa: DTZ001  # wall clock
"""The wall clock of what has no beginning."""
FAR_AHEAD: Final = datetime(9998, 1, 1)  # noqa: DTZ001  # wall clock
"""The wall clock of what has no end."""
_REMEMBERED: Final = 65_536


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive wall-clock time: a handoff or a start.

    Of a time that occurs twice, the first; of one that does not exist, the first instant after the gap.
    """
    return _instant(wall, zone, 0)


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive wall-clock time: an end. Of a time that occurs twice, the last."""
    return _instant(wall, zone, 1)


def instants_of(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return every instant (UTC) at which the clock of `zone` shows `wall`: none in a gap, two of what occurs twice."""
    first, last = first_instant(wall, zone), last_instant(wall, zone)
    if first != last:
        return first, last
    return (first,) if wall_time(first, zone) == wall else ()


def wall_time(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock of `zone` shows at `at`, naive."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def clock_changes(zone: ZoneInfo, *, after: datetime, within: timedelta = _A_YEAR) -> list[datetime]:
    """Return the instants (UTC) later than `after` at which the clock of `zone` is changed, in order.

    Two changes within a day are one.
    """
    found: list[datetime] = []
    start = after.astimezone(UTC).replace(microsecond=0)
    while start < after + within:
        end = start + _DAY
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            found.append(_end_of_gap(start, end, zone))
        start = end
    return found


@lru_cache(maxsize=_REMEMBERED)
def _instant(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
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
