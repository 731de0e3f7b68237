"""Shifts out of a calendar that somebody else keeps: whose each event is, and which nobody can be found for.

People are found by e-mail address first, then by exact name, then by what stands before the @ of their
address. Nobody is ever guessed: who is unknown, deactivated, or one of several of the same name becomes a
warning that names the event, and the time of the event stays empty.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

BEFORE: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=400)
"""What is read of a calendar lies between a day before and 400 days after the reading."""
HOLIDAYS_AHEAD: Final = 3 * timedelta(days=366)
"""How far ahead the days of a calendar of holidays are read."""
WARNINGS_KEPT: Final = 100
"""A calendar of strangers would warn ten thousand times; what is more is counted."""
_PRIORITY: Final = re.compile(r"^\s*\[L\d\]")
"""“[L1] ada”: how Grafana OnCall ranks events."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody whom an event names: an e-mail address, a name, or both; "" where there is none."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event at one time `[start_at, end_at)`: a recurring one has many.

    `people` are the addresses in X-OPSKNIGHT-PERSON, by which our own feeds say whose it is.
    """

    start_at: datetime
    end_at: datetime
    uid: str
    summary: str = ""
    attendees: tuple[Attendee, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in a calendar: its name, its events in order of time, and the days of those that last whole days."""

    name: str = ""
    occurrences: tuple[Occurrence, ...] = ()
    days: Mapping[date, str] = field(default_factory=dict[date, str])


@dataclass(frozen=True, slots=True)
class Known:
    """A person as calendars may name them."""

    id: int
    name: str
    email: str
    active: bool = True


@dataclass(frozen=True, slots=True, order=True)
class ImportedShift:
    """One person's shift `[start_at, end_at)` and the event that says so."""

    start_at: datetime
    end_at: datetime
    user_id: int
    uid: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The shifts in order of time, and a sentence for each event that names somebody who cannot be on call."""

    shifts: tuple[ImportedShift, ...]
    warnings: tuple[str, ...] = ()


def matched(reading: Reading, people: Iterable[Known]) -> Imported:
    """Return the shifts of a calendar's events.

    An event is of the people whom it invites; where it invites nobody we know, of those whose names its
    summary lists, with commas between. The same words are warned of once, with the first of their events.
    """
    directory = _Directory(people)
    shifts: set[ImportedShift] = set()
    unknown: dict[str, tuple[Occurrence, int]] = {}
    for one in reading.occurrences:
        users, complaints = directory.who(one)
        shifts.update(ImportedShift(one.start_at, one.end_at, user, one.uid) for user in users)
        for complaint in complaints:
            first, count = unknown.get(complaint, (one, 0))
            unknown[complaint] = first, count + 1
    warnings = [_warning(complaint, first, count) for complaint, (first, count) in unknown.items()]
    if len(warnings) > WARNINGS_KEPT:
        warnings = [*warnings[:WARNINGS_KEPT], f"{len(warnings) - WARNINGS_KEPT} more are like these."]
    return Imported(tuple(sorted(shifts)), tuple(warnings))


def as_layer(shifts: Iterable[ImportedShift]) -> list[list[Any]]:
    """Return shifts as a layer keeps them: `[start, end, users]` in epoch seconds, those of one time together.

    Shifts of one person that overlap are one: nobody is on call twice at once. Those that only touch stay apart.
    """
    together: dict[tuple[datetime, datetime], list[int]] = defaultdict(list)
    for user, times in _times(shifts).items():
        for start, end in times:
            together[start, end].append(user)
    return [[start.timestamp(), end.timestamp(), sorted(users)] for (start, end), users in sorted(together.items())]


def in_sight(layer: Iterable[Sequence[Any]], start: datetime, end: datetime) -> set[tuple[float, float, int]]:
    """Return what of a layer's shifts lies in `[start, end)`, each of one person, in epoch seconds."""
    since, until = start.timestamp(), end.timestamp()
    return {
        (max(float(begins), since), min(float(ends), until), user)
        for begins, ends, users in layer
        for user in users
        if begins < until and ends > since
    }


def _times(shifts: Iterable[ImportedShift]) -> Mapping[int, Sequence[tuple[datetime, datetime]]]:
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for one in sorted(shifts):
        times = found[one.user_id]
        if times and one.start_at < times[-1][1]:
            times[-1] = times[-1][0], max(times[-1][1], one.end_at)
        else:
            times.append((one.start_at, one.end_at))
    return found


class _Directory:
    """The people by everything that calendars call them."""

    def __init__(self, people: Iterable[Known]) -> None:
        known = list(people)
        self._by_email = _index(known, lambda one: one.email)
        self._by_name = _index(known, lambda one: one.name)
        self._by_login = _index(known, lambda one: one.email.partition("@")[0])

    def who(self, event: Occurrence) -> tuple[list[int], list[str]]:
        """Return the people of an event, and what is to be said of those who are none."""
        named = [(email, "") for email in event.people]
        named = named or [(one.email, one.name) for one in event.attendees]
        users, complaints = self._of(named)
        if not users:
            parts = _names(event.summary)
            whole = self._found(" ".join(event.summary.split()))
            by_summary, more = ([whole], []) if isinstance(whole, int) else self._of([("", part) for part in parts])
            if by_summary:
                users, complaints = by_summary, [*complaints, *more]
            elif not complaints:
                complaints = more or ["names nobody"]
        return users, complaints

    def _of(self, named: Sequence[tuple[str, str]]) -> tuple[list[int], list[str]]:
        users: list[int] = []
        complaints: list[str] = []
        for email, name in named:
            found = [self._found(said) for said in (email, name) if said]
            user = next((one for one in found if isinstance(one, int)), None)
            if user is not None:
                users.append(user)
            elif found:
                complaints.append(str(found[0]))
        return list(dict.fromkeys(users)), complaints

    def _found(self, said: str) -> int | str:
        """Return whom `said` names, or what is wrong with it."""
        key = _key(said)
        for index in (self._by_email, self._by_name, self._by_login):
            found = index.get(key, [])
            active = [one for one in found if one.active]
            if len(active) == 1:
                return active[0].id
            if active:
                return f"names “{said}”, and {len(active)} people are called so; write the e-mail address"
            if found:
                return f"names {found[0].name}, whose account is deactivated"
        return f"names “{said}”, whom nobody here is called" if key else "names nobody"


def _index(people: Iterable[Known], by: Callable[[Known], str]) -> Mapping[str, list[Known]]:
    found: dict[str, list[Known]] = defaultdict(list)
    for one in people:
        if key := _key(by(one)):
            found[key].append(one)
    return found


def _key(said: str) -> str:
    return " ".join(said.split()).casefold()


def _names(summary: str) -> list[str]:
    return [part.strip() for part in _PRIORITY.sub("", summary).split(",") if part.strip()]


def _warning(complaint: str, first: Occurrence, count: int) -> str:
    title = f"“{' '.join(first.summary.split())[:80]}”" if first.summary.strip() else "An event without a title"
    times = f" ({count} times)" if count > 1 else ""
    return f"{title} on {first.start_at:%Y-%m-%d %H:%M} UTC{times} {complaint}; nobody is on call by it."
