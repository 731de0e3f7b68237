"""What comes of a change of who is on call: where it does what it says, where it does not, and why not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

from opsknight.domain.model.ledger import span
from opsknight.domain.model.override import Change, Leave, OnLeave, Override
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import OnCall, Schedule, merged, shifts, uncovered

NEWEST: Final = 2**63 - 1
"""The number of an override that is not made yet: it is done last."""


LOOKED_AT: Final = 50
"""In so many times, the first, it is looked for why a change does nothing."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What of a time a change does as it says (`done`), and where it `fails`: others come or go than it says.

    In what is in neither, the same people are on call with it as without.
    """

    done: tuple[Interval, ...]
    fails: tuple[Interval, ...]


class Reason(NamedTuple):
    """Why a change does not do what it says, and what to do instead: two sentences without their full stops."""

    why: str
    what_now: str


def effect(before: Schedule, after: Schedule, user_id: int | None, start: datetime, end: datetime) -> Effect:
    """Return what of `[start, end)` puts `user_id` on call `after` and changes who is; None is for who only takes off.

    Who keeps the time that they have, while another goes, has it by the change.
    """
    was, will = shifts(before, start, end), shifts(after, start, end)
    done: list[Interval] = []
    fails: list[Interval] = []
    parts = _parts((*was, *will), start, end)
    for part, now, then in zip(parts, _present(was, parts), _present(will, parts), strict=True):
        if then != now:
            (done if user_id is None or user_id in then else fails).append(part)
    return Effect(tuple(merged(done)), tuple(merged(fails)))


def times_of(schedule: Schedule, user_id: int, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """Return when `user_id` is on call within `[start, end)`, in order of time, none touching the next."""
    found = (one for one in shifts(schedule, start, end) if one.user_id == user_id)
    return tuple(merged((max(one.start_at, start), min(one.end_at, end)) for one in found))


def without(times: Iterable[Interval], covers: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return what of `times` none of `covers` holds."""
    known = merged(covers)
    return tuple(part for one in times for part in uncovered(one, known))


def lasting(start: datetime, end: datetime, *, at: datetime) -> str:
    """Return a span at `at` in words that need no zone: `for 8 h from now on`, `for 8 h, in 2 d`."""
    wait_s = (start - at).total_seconds()
    words = f"for {span((end - start).total_seconds())}"
    return f"{words} from now on" if wait_s <= 0 else f"{words}, in {span(wait_s)}"


def of_that(times: Sequence[Interval], whole: Interval, *, at: datetime) -> str:
    """Return at `at` which part of `whole` is in `times`, as a sentence begins: `For 8 h of that, in 2 d, `."""
    if list(times) == [whole]:
        return "In all of that time "
    length_s = sum((end - start).total_seconds() for start, end in times)
    wait_s = (times[0][0] - at).total_seconds()
    begins = "from now on" if wait_s <= 0 else f"in {span(wait_s)}"
    return f"For {span(length_s)} of that, {'first ' if len(times) > 1 else ''}{begins}, "


def with_overrides(schedule: Schedule, *wished: Override) -> Schedule:
    """Return the schedule as it is once `wished` are made, in their order, after all that there are."""
    made = (replace(one, id=NEWEST - len(wished) + number) for number, one in enumerate(wished, 1))
    return replace(schedule, overrides=(*schedule.overrides, *made))


def in_place(schedule: Schedule, wished: Override) -> Schedule:
    """Return the schedule with `wished` where its number says: the one that is made last, or one that is changed."""
    if wished.id == NEWEST:
        return with_overrides(schedule, wished)
    return replace(schedule, overrides=(*without_override(schedule, wished.id).overrides, wished))


def without_override(schedule: Schedule, override_id: int) -> Schedule:
    """Return the schedule as it is without one of its overrides."""
    return replace(schedule, overrides=tuple(one for one in schedule.overrides if one.id != override_id))


def why_not(schedule: Schedule, wished: Override, times: Iterable[Interval], names: Mapping[int, str]) -> Reason:
    """Return why `wished` does not do in `times` what it says; the first reason that holds in any of them.

    `schedule` is that without it.
    """
    parts = tuple(times)[:LOOKED_AT]
    user, other = names.get(wished.user_id or 0, "They"), names.get(wished.replaces or 0, "Somebody")
    for one in schedule.temporaries:
        if any(one.touches(*part) for part in parts):
            why = f"“{one.name}” replaces the schedule then, and within it overrides do not count"
            return Reason(why, "Have it changed, or withdrawn")
    if (leave := _away(schedule, wished.user_id, parts)) is not None:
        by = names.get(leave.substitute_id or 0)
        has = f"{by} has their shifts" if by else "off call meanwhile"
        return Reason(f"{user} is away then, and {has}", "Choose somebody else, or withdraw that leave first")
    around = shifts(schedule, parts[0][0], parts[-1][1]) if parts else ()
    theirs = [
        one
        for one in around
        if one.user_id == wished.replaces and any(one.start_at < end and one.end_at > start for start, end in parts)
    ]
    if (substitute := next((one for one in theirs if one.leave_id is not None), None)) is not None:
        whose = names.get(substitute.replaces or 0, "who is away")
        return Reason(f"{other} only substitutes for {whose} then", f"Have {whose} replaced instead")
    if wished.replaces is not None and not theirs:
        return Reason(f"{other} is not on call then", "Choose a time in which they are")
    if wished.change is not Change.REMOVE:
        return Reason(f"{user} is on call then already", "Choose another time, or somebody else")
    return Reason("something else decides about that time", "Look at what else changes it for a while")


def _away(schedule: Schedule, user_id: int | None, parts: Iterable[Interval]) -> Leave | None:
    """Return the leave by which `user_id` is not on call in one of `parts` even where they are put."""
    counts = [one for one in schedule.leaves if one.substitute_id is not None or schedule.on_leave is OnLeave.REMOVE]
    theirs = [one for one in counts if one.user_id == user_id]
    return next((one for part in parts for one in theirs if one.touches(*part)), None)


def _parts(found: Iterable[OnCall], start: datetime, end: datetime) -> Sequence[Interval]:
    """Return `[start, end)` cut wherever anybody comes or goes."""
    cuts = {at for one in found for at in (one.start_at, one.end_at) if start < at < end}
    return list(pairwise(sorted({start, end, *cuts})))


def _present(found: Iterable[OnCall], parts: Iterable[Interval]) -> Iterator[frozenset[int]]:
    """Yield who is on call in each of `parts`, which follow each other, and in which nobody comes or goes."""
    to_come = sorted(found, key=lambda one: one.start_at, reverse=True)
    present: list[OnCall] = []
    for start, _ in parts:
        while to_come and to_come[-1].start_at <= start:
            present.append(to_come.pop())
        present = [one for one in present if one.end_at > start]
        yield frozenset(one.user_id for one in present)
