"""Times of day as cron writes them, in a zone: five fields, lists, ranges, steps and names.

Minute, hour, day of month, month, day of week (0 and 7 are Sunday). As in Vixie cron: where day of
month and day of week are both restricted, either suffices. Source: crontab(5); cron(8) when clocks change.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.wall_clock import first_instant, instants_of, wall_time

_LEAP_YEAR: Final = 2024
_SEARCHED_DAYS: Final = 3000
"""A 29 February comes again within eight years, also across 2100."""
_ALIASES: Final[Mapping[str, str]] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = 5
_SUNDAY: Final = 7
_PART: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", re.ASCII)
_A_MINUTE: Final = timedelta(minutes=1)
_OF_THE_MACHINE: Final = ("localtime", "posixrules")
_WITH_LEAP_SECONDS: Final = "right/"


class BadCron(ValueError):
    """An expression that names no times; the text is for a person."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Mapping[str, int]


_NO_NAMES: Final[Mapping[str, int]] = {}
_MINUTE: Final = _Field("minute", 0, 59, _NO_NAMES)
_HOUR: Final = _Field("hour", 0, 23, _NO_NAMES)
_DAY: Final = _Field("day of month", 1, 31, _NO_NAMES)
_MONTH: Final = _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)})
_WEEKDAY: Final = _Field("day of week", 0, _SUNDAY, {name: number for number, name in enumerate(_WEEKDAYS)})


@dataclass(frozen=True, slots=True)
class Cron:
    """When something runs, by the wall clock. `weekdays` count from 0, Sunday; `either`: a day of one of both kinds.

    `starred`: its minute or its hour is written with a star, so that it runs again and again and not at set times.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    starred: bool = False

    def next_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant (UTC) after `at` at which it runs by the clock of `zone`.

        A set time that does not exist runs at the first instant after the gap; one that occurs twice runs
        the first time only, so that a clock change neither skips a run nor asks for it twice. What is
        `starred` runs whenever the clock shows its minute: not in a gap, and twice where it occurs twice.
        """
        wall = wall_time(at, zone).replace(second=0, microsecond=0)
        set_times = (first_instant(run, zone) for run in self._from(wall))
        for instant in self._shown(wall, at, zone) if self.starred else set_times:
            if instant > at:
                return instant
        raise BadCron(f"The cron expression names no time in the years after {at:%Y}.")

    def _shown(self, wall: datetime, at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the first instant after `at`, when the clock shows `wall`, at which it shows a time that this names."""
        ahead = (instant for run in self._from(wall + _A_MINUTE) for instant in instants_of(run, zone) if instant > at)
        found = [next(ahead, None)]
        here = instants_of(wall, zone)
        if here and at < here[-1]:  # the clock will be put back: what it has shown already, it shows again
            behind = takewhile(lambda run: run <= wall, self._from(wall - (here[-1] - here[0])))
            again = (instants for run in behind if len(instants := instants_of(run, zone)) > 1)
            found += [both[-1] for both in again]
        yield from sorted(instant for instant in found if instant is not None)

    def matches(self, wall: datetime) -> bool:
        """Return whether it names the minute of the naive wall-clock time `wall`."""
        return self._on(wall.date()) and wall.hour in self.hours and wall.minute in self.minutes

    def _from(self, wall: datetime) -> Iterator[datetime]:
        """Yield the wall-clock times that it names from `wall` on, in order."""
        for offset in range(_SEARCHED_DAYS):
            day = wall.date() + timedelta(days=offset)
            if self._on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        run = datetime.combine(day, time(hour, minute))
                        if run >= wall:
                            yield run

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % _SUNDAY in self.weekdays
        return by_day or by_weekday if self.either else by_day and by_weekday


def parse(expression: str) -> Cron:
    """Read a cron expression of five fields, or one of @hourly, @daily, @weekly, @monthly, @yearly.

    Raises:
        BadCron: it has other fields, a value out of range, or names a day that no year has.
    """
    words = _ALIASES.get(expression.strip().lower(), expression).split()
    if len(words) != _FIELDS:
        raise BadCron(
            f"A cron expression has five fields: minute, hour, day of month, month, day of week; this has {len(words)}."
        )
    minutes, hours, days, months, weekdays = (
        _values(word, kind) for word, kind in zip(words, (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY), strict=True)
    )
    cron = Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekday % _SUNDAY for weekday in weekdays),
        either=not words[2].startswith("*") and not words[4].startswith("*"),
        starred=words[0].startswith("*") or words[1].startswith("*"),
    )
    if not cron.either and all(min(days) > monthrange(_LEAP_YEAR, month)[1] for month in months):
        raise BadCron(f"“{expression}” names a day that its months do not have, so it would never run.")
    return cron


def zone_of(name: str) -> ZoneInfo:
    """Return the zone called `name`.

    Raises:
        BadCron: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadCron(f"“{name}” is no time zone; write one like Europe/Berlin or UTC.") from None


def named_zone(name: str) -> ZoneInfo:
    """Return the zone called `name` where somebody writes it down; what is kept already is read by `zone_of`.

    Raises:
        BadCron: there is none of that name, or it means another time on another machine.
    """
    if name in _OF_THE_MACHINE or name.startswith(_WITH_LEAP_SECONDS):
        raise BadCron(f"“{name}” is not the same on every machine; write a zone like Europe/Berlin or UTC.")
    return zone_of(name)


def zone_or_utc(name: str) -> ZoneInfo:
    """Return the zone called `name`; UTC where it is stored and not known any more: time goes on all the same."""
    try:
        return zone_of(name)
    except BadCron:
        return ZoneInfo("UTC")


def next_after(cron: str, zone: str, at: datetime) -> datetime:
    """Return the first instant after `at` that `cron` names by the clock of `zone`, both as they are written."""
    return parse(cron).next_after(at, zone_of(zone)).astimezone(UTC)


def _values(word: str, kind: _Field) -> set[int]:
    values: set[int] = set()
    for part in word.lower().split(","):
        values |= _part(part, kind)
    return values


def _part(part: str, kind: _Field) -> set[int]:
    found = _PART.fullmatch(part)
    if found is None:
        raise BadCron(f"“{part}” is no {kind.name} of a cron expression.")
    star, first, last, step = found.groups()
    low = kind.low if star else _number(first, kind)
    if star:
        high = kind.high - (kind is _WEEKDAY)  # 7 is Sunday again
    elif last is not None:
        high = _number(last, kind)
    else:
        high = kind.high if step else low
    if high == 0 and kind is _WEEKDAY and low > 0:
        high = _SUNDAY  # fri-sun
    if low > high:
        raise BadCron(f"The {kind.name} “{part}” runs backwards; write the smaller first.")
    if step is not None and int(step) == 0:
        raise BadCron(f"The {kind.name} “{part}” has a step of 0, which never arrives.")
    return set(range(low, high + 1, int(step or 1)))


def _number(word: str, kind: _Field) -> int:
    if word in kind.names:
        return kind.names[word]
    if not word.isdecimal() or not kind.low <= int(word) <= kind.high:
        raise BadCron(f"“{word}” is no {kind.name}: it goes from {kind.low} to {kind.high}.")
    return int(word)
