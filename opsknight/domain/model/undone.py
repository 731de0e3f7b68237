"""What was arranged, by a swap, as cover or by an override, and a later change of the schedule takes away again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.effect import without
from opsknight.domain.model.foretelling import clock
from opsknight.domain.model.override import Override
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule, merged, shifts
from opsknight.domain.model.speech import Sentence, later, say, say_many

LISTED: Final = 5
_YOURS: Final = {
    "swap": later("You are not on call any more by your swap on {schedule}"),
    "cover": later("You are not on call any more by your cover on {schedule}"),
    "override": later("You are not on call any more by an override on {schedule}"),
}
_OTHERS: Final = {
    "swap": later("{user} is not on call any more by your swap on {schedule}"),
    "cover": later("{user} is not on call any more by your cover on {schedule}"),
    "override": later("{user} is not on call any more by an override on {schedule}"),
}


@dataclass(frozen=True, slots=True)
class Undone:
    """An override, and the times in which it puts its person on call no more; `what` is swap, cover or override."""

    override: Override
    times: tuple[Interval, ...]
    what: str = "override"


def undone(before: Schedule, after: Schedule, *, now: datetime) -> Iterator[Undone]:
    """Yield the overrides that did more in the schedule `before` than they do `after`, from `now` on, in order of time.

    Who was put on call instead of another has the time no more that is not theirs by that override: what the other was
    to be rid of has moved. Who was put on call alone has it as long as they are on call at all.
    """
    stay = {one.id for one in after.overrides}
    for one in sorted(before.overrides, key=lambda one: (one.start_at, one.id)):
        if one.id not in stay or one.user_id is None or one.end_at <= now:
            continue
        time = max(one.start_at, now), one.end_at
        had = _by(before, one, time, at_all=False)
        if lost := without(had, _by(after, one, time, at_all=one.stands_alone)):
            yield Undone(one, lost)


def _by(schedule: Schedule, override: Override, time: Interval, *, at_all: bool) -> Sequence[Interval]:
    theirs = (one for one in shifts(schedule, *time) if one.user_id == override.user_id)
    by_it = (one for one in theirs if at_all or one.override_id == override.id)
    return merged((max(one.start_at, time[0]), min(one.end_at, time[1])) for one in by_it)


def concerned(one: Undone) -> frozenset[int]:
    """Return who relies on an override: who is on call by it, who is not, and who made it."""
    known = (one.override.user_id, one.override.replaces, one.override.made_by)
    return frozenset(user for user in known if user is not None)


def of_undone(
    found: Sequence[Undone], reader: int, zone: ZoneInfo, *, schedule: str, by: str | Sentence, names: Mapping[int, str]
) -> str:
    """Return what `reader` is told of what `by`, a person or a calendar, has undone."""
    lines: list[str] = []
    for one in found[:LISTED]:
        user = one.override.user_id or 0
        words = (_YOURS if user == reader else _OTHERS)[one.what]
        lines.append(say(words, user=names.get(user, ""), schedule=schedule))
        for start, end in one.times:
            lines.append(say("From {begins} until {ends}.", begins=clock(start, zone), ends=clock(end, zone)))
    if (more := len(found) - LISTED) > 0:
        lines.append(say_many("And {count} more is undone.", "And {count} more are undone.", count=more))
    lines.append(say("{name} has changed who is on call: look at the schedule for who is then.", name=by))
    return "\n".join(lines)


def in_place_of(one: Undone, names: Mapping[int, str]) -> str:
    """Return by what somebody was on call, as the end of a sentence: `a swap with Ada`."""
    other = names.get(one.override.replaces or 0, "")
    if one.what == "override" or not other:
        return "an override"
    return f"a swap with {other}" if one.what == "swap" else f"cover for {other}"
