"""Maintenance windows: times at which what is planned to break pages nobody.

Once, or again every day, on weekdays or every month, by the wall clock of a zone; the rules are those of
schedules: half-open intervals in UTC, a start in a gap of the clocks is the first instant after it,
a start that occurs twice is its first occurrence, an end its last.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from opsknight.domain.model import matcher
from opsknight.domain.model.cron import named_zone, zone_of
from opsknight.domain.model.ledger import people, span
from opsknight.domain.model.matcher import Matcher, Subject
from opsknight.domain.model.wall_clock import first_instant, last_instant

_DAY: Final = timedelta(days=1)
_SEARCHED: Final = timedelta(days=400)
"""How long a window's times are looked for, further than any is from the next; a week and a month first."""
_STEPS: Final = (timedelta(days=8), timedelta(days=40), _SEARCHED)
MAX_CHANGES: Final = 100
"""Times changed by hand that a window remembers."""
SHORTEST: Final = timedelta(minutes=1)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Repeat(StrEnum):
    """How often a window comes."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


_LONGEST: Final[Mapping[Repeat, timedelta]] = {
    Repeat.ONCE: timedelta(days=366),
    Repeat.DAILY: _DAY,
    Repeat.WEEKLY: timedelta(days=7),
    Repeat.MONTHLY: timedelta(days=28),
}


class BadWindow(ValueError):
    """A window that cannot be planned; the text is for a person."""


class Span(NamedTuple):
    """One time of a window: `[start_at, end_at)`."""

    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class Times:
    """When a window comes. `starts_at` and `until` are naive wall-clock times of `zone`, `length` is counted on it.

    No time begins at or after `until`. `weekdays` count from 1, Monday, and belong to WEEKLY alone.
    """

    zone: str
    starts_at: datetime
    length: timedelta
    repeat: Repeat = Repeat.ONCE
    weekdays: tuple[int, ...] = ()
    until: datetime | None = None

    def words(self) -> str:
        """Return it as people say it: `every Tuesday and Friday at 22:00 for 2 h, Europe/Berlin`."""
        lasting = f"at {self.starts_at:%H:%M} for {span(self.length.total_seconds())}, {self.zone}"
        match self.repeat:
            case Repeat.ONCE:
                return f"once on {self.starts_at:%a} {self.starts_at.day} {self.starts_at:%b %Y} {lasting}"
            case Repeat.DAILY:
                return f"every day {lasting}"
            case Repeat.WEEKLY:
                return f"every {people([WEEKDAYS[day - 1] for day in self.weekdays])} {lasting}"
            case Repeat.MONTHLY:
                return f"every month on day {self.starts_at.day} {lasting}"

    def starts(self, first: date, last: date) -> Iterator[datetime]:
        """Yield the wall-clock starts on the days from `first` to `last`, in order."""
        at = self.starts_at.time()
        if self.repeat is Repeat.ONCE:
            first = last = self.starts_at.date()
        day = max(first, self.starts_at.date())
        while day <= last:
            start = datetime.combine(day, at)
            if self._on(day) and (self.until is None or start < self.until):
                yield start
            day += _DAY

    def span_of(self, start: datetime) -> Span:
        """Return the instants of the time that starts at the wall clock's `start`."""
        zone = zone_of(self.zone)
        start_at = first_instant(start, zone)
        return Span(start_at, max(start_at, last_instant(start + self.length, zone)))

    def _on(self, day: date) -> bool:
        if self.repeat is Repeat.WEEKLY:
            return day.isoweekday() in self.weekdays
        if self.repeat is Repeat.MONTHLY:
            return day.day == min(self.starts_at.day, monthrange(day.year, day.month)[1])
        return True


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window of a service, a team, or all there is, for the alerts that `matchers` hold for.

    `changes` are the times that somebody cut short or extended: from when, and until when instead.
    From `cancelled_at` on it covers nothing.
    """

    id: int
    name: str
    times: Times
    service_id: int | None = None
    team_id: int | None = None
    matchers: tuple[Matcher, ...] = ()
    changes: tuple[Span, ...] = ()
    cancelled_at: datetime | None = None

    def spans(self, from_at: datetime, to_at: datetime) -> Iterator[Span]:
        """Yield its times that touch `[from_at, to_at)`, whole, in order of their start."""
        changed = {change.start_at: change for change in self.changes}
        found = {change.start_at: change for change in self.changes}
        zone = zone_of(self.times.zone)
        first = (from_at - self.times.length).astimezone(zone).date() - _DAY
        for start in self.times.starts(first, to_at.astimezone(zone).date() + _DAY):
            one = self.times.span_of(start)
            if one.start_at not in changed:
                found[one.start_at] = one
        for one in sorted(found.values()):
            end_at = one.end_at if self.cancelled_at is None else min(one.end_at, self.cancelled_at)
            if one.start_at < end_at and one.start_at < to_at and end_at > from_at:
                yield Span(one.start_at, end_at)

    def now(self, at: datetime) -> Span | None:
        """Return the time that holds `at`, the one that lasts longest where several do."""
        holding = [one for one in self.spans(at, at + timedelta(microseconds=1)) if one.start_at <= at < one.end_at]
        return max(holding, key=lambda one: one.end_at, default=None)

    def next_after(self, at: datetime) -> Span | None:
        """Return the first time that begins after `at`."""
        first_in = first_instant(self.times.starts_at, zone_of(self.times.zone)) - at
        for ahead in _STEPS:
            for one in self.spans(at, at + max(ahead, first_in + ahead)):
                if one.start_at > at:
                    return one
        return None

    def last_before(self, at: datetime) -> Span | None:
        """Return the newest time that was over at `at`."""
        for back in _STEPS:
            past = [one for one in self.spans(at - back - self.times.length, at) if one.end_at <= at]
            if past:
                return max(past, key=lambda one: one.end_at)
        return None

    def is_over(self, at: datetime) -> bool:
        """Return whether it will never cover anything again."""
        return self.now(at) is None and self.next_after(at) is None

    def concerns(self, *, service_id: int, team_id: int, service: str, team: str) -> bool:
        """Return whether it can be about any alert of a service."""
        is_its = self.service_id in (None, service_id) and self.team_id in (None, team_id)
        return is_its and matcher.may_match(self.matchers, service=service, team=team)

    def ended(self, *, at: datetime, running: Span) -> Window:
        """Return it with the time `running` cut short at `at`."""
        return self._changed(running, at, at)

    def extended(self, *, until: datetime, at: datetime, running: Span) -> Window:
        """Return it with the time `running` over at `until` instead.

        Raises:
            BadWindow: that is past, or further away than a window may last.
        """
        if until <= at:
            raise BadWindow("That end is past; to end the window now, end it.")
        if until - running.start_at > _LONGEST[Repeat.ONCE]:
            raise BadWindow(f"A window lasts {_LONGEST[Repeat.ONCE].days} days at most.")
        return self._changed(running, until, at)

    def _changed(self, running: Span, end_at: datetime, at: datetime) -> Window:
        kept = [one for one in self.changes if one.start_at != running.start_at and one.end_at > at - _SEARCHED]
        return replace(self, changes=(*kept[-MAX_CHANGES + 1 :], Span(running.start_at, end_at)))


def covered(windows: tuple[Window, ...], subject: Subject, at: datetime) -> tuple[Window, datetime] | None:
    """Return which of `windows` keeps an alert quiet at `at`, and until when: the one that lasts longest.

    All of them concern its service.
    """
    best: tuple[Window, datetime] | None = None
    for window in windows:
        running = window.now(at)
        if running is None or (best is not None and running.end_at <= best[1]):
            continue
        if matcher.matches(window.matchers, subject):
            best = window, running.end_at
    return best


def check(times: Times, *, at: datetime) -> None:
    """Make sure that a window can be planned so.

    Raises:
        BadWindow: it is over already, too short or too long for how often it comes, or names no weekday.
        BadCron: there is no such zone.
    """
    zone: ZoneInfo = named_zone(times.zone)
    longest = _LONGEST[times.repeat]
    if not SHORTEST <= times.length <= longest:
        raise BadWindow(
            f"A window that comes {times.repeat} lasts from {span(SHORTEST.total_seconds())} to"
            f" {span(longest.total_seconds())}."
        )
    if times.repeat is Repeat.WEEKLY and (not times.weekdays or not set(times.weekdays) <= set(range(1, 8))):
        raise BadWindow("A weekly window needs its weekdays: from 1, Monday, to 7, Sunday.")
    if times.repeat is Repeat.ONCE and last_instant(times.starts_at + times.length, zone) <= at:
        raise BadWindow("This window would be over already; say an end that is still to come.")
    if times.until is not None and times.until <= times.starts_at:
        raise BadWindow("The last day is before the first; say one after it.")
    if Window(0, "", times).is_over(at):
        raise BadWindow("This window would never come again; look at its last day.")


def changes_to_json(changes: tuple[Span, ...]) -> list[list[str]]:
    """Return changed times as plain JSON."""
    return [[one.start_at.isoformat(), one.end_at.isoformat()] for one in changes]


def changes_from_json(plain: list[Any]) -> tuple[Span, ...]:
    """Return what `changes_to_json` wrote."""
    return tuple(Span(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in plain)


def until_midnight_after(day: date) -> datetime:
    """Return the wall-clock end of `day`: a last day is one on which the window still comes."""
    return datetime.combine(day + _DAY, time())
