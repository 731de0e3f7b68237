"""A time that comes every week by the clock of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.maintenance import WEEKDAYS
from opsknight.domain.model.wall_clock import first_instant, wall_time

LATE_AT_MOST: Final = timedelta(hours=1)
"""What could not begin in time begins so much later at most: nobody is drilled in the night for one of the morning."""
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Weekly:
    """The full `hour` of a `weekday`, 1 for Monday to 7, by the clock of `zone`.

    An hour that the clock skips is the first instant after it; one that it shows twice, the first.
    """

    weekday: int
    hour: int
    zone: str


def last(weekly: Weekly, *, now: datetime) -> datetime:
    """Return the newest such instant that is not later than `now`."""
    found = _in_week_of(weekly, now)
    return found if found <= now else _in_week_of(weekly, now, weeks=-1)


def following(weekly: Weekly, *, now: datetime) -> datetime:
    """Return the first such instant later than `now`."""
    found = _in_week_of(weekly, now)
    return found if found > now else _in_week_of(weekly, now, weeks=1)


def words(weekly: Weekly) -> str:
    """Return it in words: `every Monday at 10:00 (Europe/Berlin)`."""
    return f"every {WEEKDAYS[weekly.weekday - 1]} at {weekly.hour:02}:00 ({weekly.zone})"


def _in_week_of(weekly: Weekly, at: datetime, *, weeks: int = 0) -> datetime:
    """Return the instant in the week, from Monday on, that `at` is in, or so many weeks later."""
    zone = ZoneInfo(weekly.zone)
    day = wall_time(at, zone)
    monday = day.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=day.weekday())
    wall = monday + timedelta(days=weekly.weekday - 1, hours=weekly.hour) + weeks * _WEEK
    return first_instant(wall, zone)
