"""What people are told of shifts that are offered, taken or not, and of being put on call: the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opsknight.domain.model.foretelling import clock
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import OnCall
from opsknight.domain.model.speech import Sentence, say


def of_asked(
    name: str,
    schedule: str,
    zone: ZoneInfo,
    *,
    time: Interval,
    in_return: bool,
    wanted: Interval | None,
    until: datetime,
    note: str,
) -> str:
    """Return what somebody is told who is asked to take a shift of `name`; `wanted` is theirs that is asked for."""
    lines = [
        say("{name} asks you to take their shift on {schedule}", name=name, schedule=schedule),
        _from_until(time, zone),
    ]
    if wanted is not None:
        begins, ends = clock(wanted[0], zone), clock(wanted[1], zone)
        lines.append(say("They take yours in return, from {begins} until {ends}.", begins=begins, ends=ends))
    elif in_return:
        lines.append(say("They take a shift of yours in return: you say which."))
    else:
        lines.append(say("They want nothing in return."))
    last = clock(until, zone)
    lines.append(
        say("Take it, or a part of it, by {until}. Untaken, it stays theirs.", until=last)
        if wanted is None
        else say("Take it by {until}. Untaken, it stays theirs.", until=last)
    )
    return "\n".join([*lines, note] if note else lines)


def of_taken(
    name: str, schedule: str, zone: ZoneInfo, *, time: Interval, given: Interval | None, rest: Sequence[Interval]
) -> str:
    """Return what somebody is told whose shift `name` has taken; `rest` are the parts of it that stay offered."""
    its = {"name": name, "schedule": schedule}
    lines = [
        say("{name} has taken a part of your shift on {schedule}", **its)
        if rest
        else say("{name} has taken your shift on {schedule}", **its),
        _from_until(time, zone),
    ]
    if given is not None:
        begins, ends = clock(given[0], zone), clock(given[1], zone)
        lines.append(say("You take theirs in return, from {begins} until {ends}.", begins=begins, ends=ends))
    for start, end in rest:
        begins, ends = clock(start, zone), clock(end, zone)
        lines.append(say("Still offered, and yours until taken: {begins} until {ends}.", begins=begins, ends=ends))
    return "\n".join(lines)


def of_expired(schedule: str, zone: ZoneInfo, *, time: Interval) -> str:
    """Return what somebody is told whose offer nobody took in time."""
    first = say("Nobody has taken your shift on {schedule}: you are still on call", schedule=schedule)
    return f"{first}\n{_from_until(time, zone)}"


def of_undone(name: str, schedule: str, zone: ZoneInfo, *, in_return: bool, times: Sequence[Interval]) -> str:
    """Return what both people of a swap, or of cover, are told that `name` has withdrawn, and of which times."""
    its = {"name": name, "schedule": schedule}
    first = (
        say("{name} has withdrawn your swap on {schedule}", **its)
        if in_return
        else say("{name} has withdrawn your cover on {schedule}", **its)
    )
    return "\n".join([first, *(_from_until(one, zone) for one in times), say("Each has their own time again.")])


def of_on_call_now(name: str | Sentence, shift: OnCall, schedule: str, zone: ZoneInfo) -> str:
    """Return what somebody is told whom `name`, a person or a calendar, has put on call at once."""
    return "\n".join(
        [
            say("You are on call on {schedule} from now on", schedule=schedule),
            say("{name} has put you on call, until {ends}.", name=name, ends=clock(shift.end_at, zone)),
        ]
    )


def _from_until(time: Interval, zone: ZoneInfo) -> str:
    return say("From {begins} until {ends}.", begins=clock(time[0], zone), ends=clock(time[1], zone))
