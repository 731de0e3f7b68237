"""Quiet hours: when a person is not told what is not urgent, by the wall clock of their own zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from opsknight.domain.model.cron import BadCron, zone_of
from opsknight.domain.model.wall_clock import first_instant, last_instant, wall_time

MAX_WINDOWS: Final = 7
_DAY_MIN: Final = 24 * 60
_CHAINED: Final = 60
"""Windows that follow one another without a break; more than any week has that ever ends."""
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EVERY_DAY: Final = (1, 2, 3, 4, 5, 6, 7)


class BadQuietHours(ValueError):
    """Quiet hours that cannot be kept; the text says why and what now."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start_min` to `end_min` (minutes after midnight) on `weekdays` (1 is Monday).

    One that ends at its start or before it ends on the next day; it belongs to the day on which it starts.
    """

    weekdays: tuple[int, ...]
    start_min: int
    end_min: int

    @property
    def words(self) -> str:
        """The window as people say it: `Mon–Fri 22:00–07:00`."""
        return f"{_days(self.weekdays)} {clock(self.start_min)}–{clock(self.end_min)}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"weekdays": list(self.weekdays), "start": clock(self.start_min), "end": clock(self.end_min)}


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The windows of a person, in the zone they live by."""

    zone: str
    windows: tuple[Window, ...] = ()

    def until(self, at: datetime) -> datetime | None:
        """Return when the quiet hours end in which `at` is, None where it is in none.

        Windows that touch are one. What would never end is taken for no quiet hours: nothing is held for ever.
        """
        if not self.windows:
            return None
        end = at
        for _ in range(_CHAINED):
            further = max((stop for start, stop in self._around(end) if start <= end < stop), default=None)
            if further is None:
                return end if end > at else None
            end = further
        return None

    def _around(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        zone = zone_of(self.zone)
        today = wall_time(at, zone).date()
        for offset in (-1, 0, 1):
            day = today + timedelta(days=offset)
            for window in self.windows:
                if day.isoweekday() in window.weekdays:
                    midnight = _midnight(day)
                    length = (window.end_min - window.start_min) % _DAY_MIN or _DAY_MIN
                    start = midnight + timedelta(minutes=window.start_min)
                    yield first_instant(start, zone), last_instant(start + timedelta(minutes=length), zone)


NEVER: Final = QuietHours("UTC")
"""Of who has none."""


def stored(zone: str, windows: Sequence[Mapping[str, Any]]) -> QuietHours:
    """Return quiet hours as they were stored; in a zone that is not known any more there are none."""
    if not windows:
        return NEVER
    try:
        zone_of(zone)
        return QuietHours(zone, tuple(_window(one) for one in windows))
    except (BadCron, BadQuietHours):
        return NEVER


def checked(zone: str, windows: Sequence[Mapping[str, Any]]) -> QuietHours:
    """Return quiet hours as they are kept.

    Raises:
        BadQuietHours: a time is none, no weekday is chosen, or they would never end.
    """
    if len(windows) > MAX_WINDOWS:
        raise BadQuietHours(f"Quiet hours have {MAX_WINDOWS} parts at most.")
    hours = QuietHours(zone, tuple(_window(one) for one in windows))
    monday = first_instant(_midnight(date(2026, 1, 5)), zone_of(zone))
    if windows and any(
        _endless(hours, monday + timedelta(minutes=window.start_min, days=day - 1))
        for window in hours.windows
        for day in window.weekdays
    ):
        raise BadQuietHours("These quiet hours never end; leave a time in which low urgency reaches you.")
    return hours


def _endless(hours: QuietHours, at: datetime) -> bool:
    end = hours.until(at)
    return end is None or end - at > timedelta(days=7)


def clock(minutes: int) -> str:
    """Return minutes after midnight as a time of day."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def rests(zone: str, windows: Any, *, at: datetime) -> bool:
    """Say whether somebody has quiet hours `at` that instant; `zone` and `windows` as their row has them."""
    return stored(zone, windows).until(at) is not None


def _window(plain: Mapping[str, Any]) -> Window:
    weekdays = tuple(sorted({int(day) for day in plain.get("weekdays", ())}))
    if not weekdays or not set(weekdays) <= set(_EVERY_DAY):
        raise BadQuietHours("Choose at least one day, from 1 (Monday) to 7 (Sunday).")
    start, end = _minutes(plain.get("start")), _minutes(plain.get("end"))
    if start == end:
        raise BadQuietHours("Quiet hours that end when they begin would last all day; choose another end.")
    return Window(weekdays, start, end)


def _minutes(text: object) -> int:
    hours, colon, minutes = str(text).partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2:  # two digits
        found = int(hours[:3]) * 60 + int(minutes)
        if int(minutes) < 60 and found < _DAY_MIN:  # minutes of an hour
            return found
    raise BadQuietHours("A time of day looks like 22:00.")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # wall clock


def _days(weekdays: tuple[int, ...]) -> str:
    if weekdays == _EVERY_DAY:
        return "Every day"
    first, last = weekdays[0], weekdays[-1]
    if len(weekdays) > 2 and last - first == len(weekdays) - 1:  # two days are named
        return f"{_DAYS[first - 1]}–{_DAYS[last - 1]}"
    return ", ".join(_DAYS[day - 1] for day in weekdays)
