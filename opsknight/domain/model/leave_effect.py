"""What comes of leave in a schedule: who has the shifts, who stays on call though away, and where nobody is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from opsknight.domain.model.effect import lasting, of_that, without
from opsknight.domain.model.ledger import people
from opsknight.domain.model.override import Leave
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import OnCall, Schedule, merged, shifts, uncovered

Times = tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """What comes of a leave in one schedule, all of it within that leave.

    `theirs` is when its person would be on call without it. `taken` says who has what of that, `still` who is on call
    though away, and `gaps` when nobody is who would be otherwise. `too` is when the substitute is away as well.
    """

    schedule: str
    theirs: Times
    taken: Mapping[int, Times]
    still: Mapping[int, Times]
    gaps: Times
    too: Times


def of_leave(schedule: Schedule, leave: Leave) -> Away:
    """Return what comes of `leave` in `schedule`, which is without it."""
    whole = leave.start_at, leave.end_at
    then = replace(schedule, leaves=(*schedule.leaves, leave))
    before, after = shifts(schedule, *whole), shifts(then, *whole)
    was, will = _by_person(before, whole), _by_person(after, whole)
    theirs = was.get(leave.user_id, ())
    new = {user: without(times, was.get(user, ())) for user, times in will.items() if user != leave.user_id}
    substitute = leave.substitute_id
    if substitute is not None and substitute in will:
        both = without(theirs, without(theirs, will[substitute]))
        new[substitute] = tuple(merged((*new[substitute], *both)))
    known, found = _while_away(before, schedule, whole), _while_away(after, then, whole)
    still = {user: without(times, known.get(user, ())) for user, times in found.items()}
    nobody = uncovered(whole, merged(one for times in will.values() for one in times))
    return Away(
        schedule.name,
        theirs,
        {user: times for user, times in new.items() if times},
        {user: times for user, times in still.items() if times},
        without(nobody, uncovered(whole, merged(one for times in was.values() for one in times))),
        tuple(merged((one.start_at, one.end_at) for one in schedule.leaves if one.user_id == substitute)),
    )


def sentences(
    found: Sequence[Away], leave: Leave, names: Mapping[int, str], *, unreachable: Collection[int], at: datetime
) -> str:
    """Return at `at` what comes of a leave, for people; `unreachable` are those whom no page reaches."""
    name, whole = names[leave.user_id], (leave.start_at, leave.end_at)
    takers = list(dict.fromkeys(user for one in found for user in one.taken))
    if leave.substitute_id is not None and not any(one.theirs for one in found):
        takers = takers or [leave.substitute_id]
    have = "has" if len(takers) == 1 else "have"
    by = f"; {people([names[user] for user in takers])} {have} their shifts" if takers else ""
    said = [f"{name} is away {lasting(*whole, at=at)}{by}."]
    for one in found:
        where = f"in “{one.schedule}”"
        if one.gaps:
            too = leave.substitute_id is not None and without(one.gaps, one.too) != one.gaps
            why = f": {names[leave.substitute_id or 0]} is away then too" if too else ""
            said.append(f"{of_that(one.gaps, whole, at=at)}nobody is on call {where}{why}.")
        for user, times in one.still.items():
            its = "stays on call" if user == leave.user_id else "is on call"
            though = "though away" if user == leave.user_id else "though away then too"
            said.append(f"{of_that(times, whole, at=at)}{names[user]} {its} {where}, {though}.")
    said += [
        f"No page can reach {names[user]}: they have no verified contact method."
        for user in takers
        if user in unreachable
    ]
    return " ".join(said)


def _while_away(found: Iterable[OnCall], schedule: Schedule, whole: Interval) -> Mapping[int, Times]:
    """Return who is on call in which parts of `whole` in which they are away."""
    gone: dict[int, list[Interval]] = {}
    for one in schedule.leaves:
        if one.touches(*whole):
            gone.setdefault(one.user_id, []).append((one.start_at, one.end_at))
    theirs = _by_person((one for one in found if one.user_id in gone), whole)
    return {user: without(times, without(times, gone[user])) for user, times in theirs.items()}


def _by_person(found: Iterable[OnCall], whole: Interval) -> Mapping[int, Times]:
    times: dict[int, list[Interval]] = {}
    for one in found:
        times.setdefault(one.user_id, []).append((max(one.start_at, whole[0]), min(one.end_at, whole[1])))
    return {user: tuple(merged(theirs)) for user, theirs in times.items()}
