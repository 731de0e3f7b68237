"""The end of one person's time on call and the beginning of the next one's: who leaves, who comes, and since when.

A turn is somebody's time on call without a break: shifts that touch are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from opsknight.domain.model.ledger import people
from opsknight.domain.model.schedule import OnCall
from opsknight.domain.model.speech import say

LONGEST: Final = 4000
"""Characters of a note."""
BEFORE_END: Final = timedelta(hours=12)
"""How long before the end of a turn its note is asked for."""
AFTER_END: Final = timedelta(hours=12)
"""How long after the end of a turn its note can still be written."""
BEFORE_START: Final = timedelta(hours=24)
"""How long before a turn begins its person sees the note of whoever has it now."""
AFTER_START: Final = timedelta(hours=24)
"""How long after it began they still see it."""
LOOKED_BACK: Final = timedelta(days=14)
"""Who left longer ago leaves nothing."""
LOOKED_AHEAD: Final = timedelta(days=7)
"""Who comes later is nobody to leave a note for: then it is for the history."""
OVERLAP: Final = timedelta(hours=2)
"""Turns may overlap by so much and still follow each other: when the clocks go back, they do."""


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """Somebody's time on call `[start_at, end_at)` without a break."""

    start_at: datetime
    end_at: datetime
    user_id: int


def turns(found: Iterable[OnCall]) -> Sequence[Turn]:
    """Return the turns of which these shifts are parts, in order of time."""
    whole: list[Turn] = []
    last: dict[int, Turn] = {}
    for shift in sorted(found):
        before = last.get(shift.user_id)
        if before is not None and shift.start_at <= before.end_at:
            joined = Turn(before.start_at, max(before.end_at, shift.end_at), shift.user_id)
            whole.remove(before)
        else:
            joined = Turn(shift.start_at, shift.end_at, shift.user_id)
        whole.append(joined)
        last[shift.user_id] = joined
    return sorted(whole)


def leaving(every: Sequence[Turn], user_id: int, *, at: datetime) -> Turn | None:
    """Return the turn for which `user_id` may leave a note at `at`: the one that runs, or that ended lately.

    None where they come back as the only one: they need tell themselves nothing.
    """
    mine = [one for one in every if one.user_id == user_id and one.start_at <= at < one.end_at + AFTER_END]
    for one in sorted(mine, key=lambda turn: turn.end_at <= at):
        if {turn.user_id for turn in _after(every, one)} != {user_id}:
            return one
    return None


def coming(every: Sequence[Turn], user_id: int, *, at: datetime) -> Turn | None:
    """Return the turn of `user_id` that began lately, or begins soon."""
    mine = (one for one in every if one.user_id == user_id and one.end_at > at)
    return next((one for one in mine if at - AFTER_START < one.start_at <= at + BEFORE_START), None)


def left_before(every: Sequence[Turn], turn: Turn) -> Sequence[Turn]:
    """Return the turns that end where `turn` takes over: those that ended last, of others.

    Nobody where the same person was the last, and has only had a break.
    """
    earlier = [
        one
        for one in every
        if one.start_at < turn.start_at and turn.start_at - LOOKED_BACK < one.end_at <= turn.start_at + OVERLAP
    ]
    last = max((one.end_at for one in earlier), default=turn.start_at)
    return [one for one in earlier if one.end_at > last - OVERLAP and one.user_id != turn.user_id]


def _after(every: Sequence[Turn], turn: Turn) -> Sequence[Turn]:
    later = [one for one in every if one.start_at >= turn.end_at - OVERLAP and one.end_at > turn.end_at]
    first = min((one.start_at for one in later), default=turn.end_at)
    return [one for one in later if one.start_at <= first + OVERLAP]


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody leaves who goes off call: their note, what they still own, and what they were paged for."""

    user: str
    text: str = ""
    owned: tuple[str, ...] = ()
    paged: tuple[str, ...] = ()


def told(left: Sequence[Left], *, at_most: int) -> list[str]:
    """Return as lines of a message what those who leave have to say; of each list and note only the beginning."""
    lines: list[str] = []
    for one in left:
        if one.text:
            text = " ".join(one.text.split())
            quoted = text if len(text) <= at_most else f"{text[:at_most].rstrip()}…"
            lines.append(say("{name} notes: {note}", name=one.user, note=quoted))
        if one.owned:
            lines.append(say("{name} still owns {incidents}.", name=one.user, incidents=people([*one.owned])))
        if one.paged:
            lines.append(say("{name} was paged for {incidents}.", name=one.user, incidents=people([*one.paged])))
    return lines
