"""The record of who was on call: what was, stays, whatever becomes of the schedule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from opsknight.domain.model.schedule import OnCall, Schedule, shifts

_INSTANT = timedelta(microseconds=1)
_WHY = ("layer", "layer_id", "override_id", "replaces", "leave_id", "temporary", "temporary_id")


@dataclass(frozen=True, slots=True)
class Record:
    """Who was on call in `[from_at, until_at)`: `shifts` within it, the one that ran to its end included.

    `over_at` is when the schedule was deleted.
    """

    from_at: datetime
    until_at: datetime
    shifts: tuple[OnCall, ...] = ()
    over_at: datetime | None = None


def told(schedule: Schedule, record: Record | None, start: datetime, end: datetime) -> tuple[OnCall, ...]:
    """Return every time on call that touches `[start, end)`, in order of time.

    What is recorded is told as recorded. What is not is computed: what comes after, and what a schedule says of
    the time before anybody was on call by it. A shift that runs over the end of the record is one shift. By a
    schedule that was deleted nobody is on call from then on.
    """
    if record is None:
        return shifts(schedule, start, end)
    if record.over_at is None:
        return tuple(sorted(_told(schedule, record, start, end)))
    over_at = record.over_at
    found = _told(schedule, record, start, min(end, over_at)) if start < over_at else ()
    return tuple(sorted(replace(one, end_at=min(one.end_at, over_at)) for one in found))


def since_made(schedule: Schedule, record: Record | None, start: datetime, end: datetime) -> tuple[OnCall, ...]:
    """Return what `told` does, but for what a schedule says of the time before its record: nobody had that.

    Nothing is counted, paid or shown as it was by it, and every edit would change it.
    """
    since = start if record is None else max(start, record.from_at)
    return told(schedule, record, since, end) if since < end else ()


def next_told(schedule: Schedule, record: Record | None, start: datetime, end: datetime) -> tuple[OnCall, ...]:
    """Return those who come on call next within `[start, end)`, later than `start`, together; nobody where none do."""
    found = [one for one in told(schedule, record, start, end) if one.start_at > start]
    return tuple(one for one in found if one.start_at == found[0].start_at)


def _told(schedule: Schedule, record: Record, start: datetime, end: datetime) -> list[OnCall]:
    found = [one for one in record.shifts if one.start_at < end and one.end_at > start]
    if start < record.from_at:
        before = shifts(schedule, start, min(end, record.from_at))
        found += [replace(one, end_at=min(one.end_at, record.from_at)) for one in before]
    if end > record.until_at or any(one.end_at == record.until_at for one in found):
        for one in shifts(schedule, max(start, record.until_at), max(end, record.until_at + _INSTANT)):
            begun = joined(record.shifts, one, record.until_at)
            if begun in found:
                found.remove(begun)
            if begun is None:
                whole = continued(record.shifts, one, record.until_at)
            else:
                whole = replace(one, start_at=begun.start_at, continues=begun.continues)
            if whole.start_at < end:
                found.append(whole)
    return found


def joined(recorded: Iterable[OnCall], one: OnCall, at: datetime) -> OnCall | None:
    """Return the recorded shift that ends at `at` and of which `one`, begun before, is the rest; None without."""
    if one.start_at >= at:
        return None
    same = (past for past in recorded if past.end_at == at and past.user_id == one.user_id)
    return next((past for past in same if why(past) == why(one)), None)


def continued(recorded: Iterable[OnCall], one: OnCall, at: datetime) -> OnCall:
    """Return what of `one` comes after `at`: if it has begun, it continues what its person has `recorded`."""
    if one.start_at >= at:
        return one
    return replace(one, start_at=at, continues=any(_leads_to(past, one.user_id, at) for past in recorded))


def rejoined(found: Iterable[OnCall]) -> tuple[OnCall, ...]:
    """Return shifts in order of time, each whole again that edits have cut, with the reason that it began with."""
    whole: list[OnCall] = []
    for one in sorted(found):
        before = next((past for past in whole if one.continues and _leads_to(past, one.user_id, one.start_at)), None)
        if before is None:
            whole.append(one)
        else:
            whole[whole.index(before)] = replace(before, end_at=one.end_at)
    return tuple(whole)


def _leads_to(past: OnCall, user_id: int, at: datetime) -> bool:
    return past.end_at == at and past.user_id == user_id


def why(one: OnCall) -> dict[str, Any]:
    """Return why somebody was on call, as plain JSON; what does not apply is left out, and what it continues."""
    return {name: value for name in _WHY if (value := getattr(one, name)) not in (None, "")}


def recorded(start_at: datetime, end_at: datetime, user_id: int, reasons: Mapping[str, Any]) -> OnCall:
    """Return the shift that was stored with what `why` returned."""
    said: dict[str, Any] = {"layer": "", **reasons}
    return OnCall(start_at, end_at, user_id, **said)
