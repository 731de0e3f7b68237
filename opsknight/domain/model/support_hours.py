"""Support hours: when a service pages loudly, by the wall clock of a zone.

Outside of them it pages quietly; what is still open when they begin becomes loud then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from opsknight.domain.model.cron import named_zone, zone_of
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Incident, Status, carrying, raised
from opsknight.domain.model.maintenance import WEEKDAYS, Span
from opsknight.domain.model.wall_clock import first_instant, last_instant

_DAY_MIN: Final = 24 * 60
_SHORT: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SEARCHED_DAYS: Final = 15
"""Two weeks and a day: a time that a clock change swallows comes again a week later."""
MAX_PARTS: Final = 28
BEGUN: Final = "support hours have begun"
"""Why what was quiet is loud."""


class BadHours(ValueError):
    """Support hours that cannot be kept; the text is for a person."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """Hours of one weekday (1 is Monday), in minutes after midnight; one that ends at 1440 ends with the day."""

    weekday: int
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class SupportHours:
    """The hours of a week. They may begin again the moment they end, and then are one."""

    zone: str
    parts: tuple[Part, ...]

    def covers(self, at: datetime) -> bool:
        """Return whether `at` is within them."""
        return any(start_at <= at < end_at for start_at, end_at in _around(self, at.astimezone(UTC).date()))

    def urgency(self, at: datetime) -> Urgency:
        """Return how loudly the service pages at `at`."""
        return Urgency.HIGH if self.covers(at) else Urgency.LOW

    def next_begin(self, at: datetime) -> datetime | None:
        """Return the first instant after `at` at which they begin, None where they never end."""
        for one in self.spans(at.astimezone(zone_of(self.zone)).date(), days=_SEARCHED_DAYS):
            before = one.start_at - timedelta(microseconds=1)
            if one.start_at > at and not self.covers(before):
                return one.start_at
        return None

    def words(self) -> str:
        """Return them as people say them: `Mon–Fri 09:00–17:00, Europe/Berlin`."""
        of_day: dict[int, str] = {}
        for part in sorted(self.parts):
            told = f"{_clock(part.start_min)}–{_clock(part.end_min)}"
            of_day[part.weekday] = f"{of_day[part.weekday]} and {told}" if part.weekday in of_day else told
        return ", ".join([*(f"{_days(days)} {told}" for days, told in _alike(of_day)), self.zone])

    def to_json(self) -> dict[str, Any]:
        """Return them as plain JSON."""
        return {"zone": self.zone, "parts": [[part.weekday, part.start_min, part.end_min] for part in self.parts]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> SupportHours:
        """Return what `to_json` wrote."""
        return cls(plain["zone"], tuple(Part(*part) for part in plain["parts"]))

    def spans(self, first: date, *, days: int) -> Iterator[Span]:
        """Yield the hours of `days` days from `first` on, in order; those that a clock change swallows are none."""
        for offset in range(days):
            day = first + timedelta(days=offset)
            for part in sorted(part for part in self.parts if part.weekday == day.isoweekday()):
                span = self._span(day, part)
                if span.start_at < span.end_at:
                    yield span

    def _span(self, day: date, part: Part) -> Span:
        zone, midnight = zone_of(self.zone), datetime(day.year, day.month, day.day)  # noqa: DTZ001  # wall clock
        start_at = first_instant(midnight + timedelta(minutes=part.start_min), zone)
        return Span(start_at, last_instant(midnight + timedelta(minutes=part.end_min), zone))


@lru_cache(maxsize=512)
def _around(hours: SupportHours, day: date) -> tuple[Span, ...]:
    """Return the hours that can hold an instant of the UTC day `day`: ingest asks for each event."""
    return tuple(hours.spans(day - timedelta(days=2), days=5))


def check(hours: SupportHours) -> None:
    """Make sure that `hours` can be kept.

    Raises:
        BadHours: there are none, one ends before it begins, or two of a day overlap.
        BadCron: there is no such zone.
    """
    named_zone(hours.zone)
    if not hours.parts:
        raise BadHours("Support hours need at least one weekday with hours; without any, choose low urgency instead.")
    if len(hours.parts) > MAX_PARTS:
        raise BadHours(f"A week has {MAX_PARTS} parts at most.")
    last: Part | None = None
    for part in sorted(hours.parts):
        if not (1 <= part.weekday <= 7 and 0 <= part.start_min < part.end_min <= _DAY_MIN):
            day = WEEKDAYS[(part.weekday - 1) % 7]
            raise BadHours(f"The hours of {day} end before they begin; split a night at midnight.")
        if last is not None and last.weekday == part.weekday and part.start_min < last.end_min:
            raise BadHours(f"Two parts of {WEEKDAYS[part.weekday - 1]} overlap; join them.")
        last = part


def begun(incident: Incident) -> Incident:
    """Return a quiet incident as it is once support hours have begun.

    An open one pages anew, loudly. One that somebody has, or that sleeps, only carries the urgency: it
    is as loud as its hours when it comes back, and disturbs nobody before.
    """
    if incident.status is Status.OPEN:
        return raised(incident, Urgency.HIGH)
    return carrying(incident, Urgency.HIGH)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _alike(of_day: Mapping[int, str]) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield neighbouring weekdays with the same hours as one: first and last, and the hours."""
    first = last = 0
    for day in sorted(of_day):
        if first and day == last + 1 and of_day[day] == of_day[last]:
            last = day
            continue
        if first:
            yield (first, last), of_day[first]
        first = last = day
    if first:
        yield (first, last), of_day[first]


def _days(days: tuple[int, int]) -> str:
    first, last = days
    return _SHORT[first - 1] if first == last else f"{_SHORT[first - 1]}–{_SHORT[last - 1]}"
