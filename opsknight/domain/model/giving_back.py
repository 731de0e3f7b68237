"""Time that goes back to whom it came from: what gave it away is taken back, instead of one override on the other.

Nobody can be replaced twice at once. Who has their own time again by a second override could never be replaced in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from opsknight.domain.model.effect import NEWEST, effect, with_overrides
from opsknight.domain.model.override import Change, Override
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule, merged, uncovered


@dataclass(frozen=True, slots=True)
class Plan:
    """How time changes hands: which parts of which overrides are taken back, and the times of new ones."""

    back: Mapping[int, tuple[Interval, ...]]
    anew: tuple[Interval, ...]


def plan(schedule: Schedule, *, of: int, to: int, start: datetime, end: datetime) -> Plan:
    """Return how `[start, end)` goes from `of` to `to`.

    Overrides are taken back only where the same people are on call then as if a new one lay on top of them.
    """
    back: dict[int, list[Interval]] = {}
    anew: list[Interval] = []
    replacing = [one for one in schedule.overrides if one.change is Change.REPLACE and one.touches(start, end)]
    for part in _parts(replacing, start, end):
        chain = tuple(_chain(replacing, part, of=of, to=to))
        for one in chain:
            back.setdefault(one.id, []).append(part)
        if not chain:
            anew.append(part)
    found = Plan({number: tuple(merged(parts)) for number, parts in back.items()}, tuple(merged(anew)))
    on_top = Override(NEWEST, Change.REPLACE, start, end, to, of)
    if found.back and _comes_to_the_same(schedule, found, on_top):
        return found
    return Plan({}, ((start, end),))


def in_the_way(
    schedule: Schedule, *, of: int, takers: Iterable[int], start: datetime, end: datetime
) -> Override | None:
    """Return what keeps each of `takers` from all of `[start, end)`, None where one of them could have it.

    It is another replacement of `of`, who nevertheless is on call then: put there by what was made after it.
    """
    found: Override | None = None
    for to in takers:
        anew = plan(schedule, of=of, to=to, start=start, end=end).anew
        replacing = (one for one in schedule.overrides if one.change is Change.REPLACE and one.replaces == of)
        found = next((one for one in replacing if any(one.touches(*time) for time in anew)), None)
        if found is None:
            return None
    return found


def left(one: Override, back: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return what of an override stays where the parts in `back` are taken from it."""
    return tuple(uncovered((one.start_at, one.end_at), merged(back))) if one.start_at < one.end_at else ()


def _chain(replacing: Iterable[Override], part: Interval, *, of: int, to: int) -> Iterator[Override]:
    """Yield the overrides by which the time of `to` came to `of` in the end, none where it did not."""
    by = {one.replaces: one for one in replacing if one.start_at <= part[0] and one.end_at >= part[1]}
    found: list[Override] = []
    whose = to
    while (one := by.pop(whose, None)) is not None and one.user_id is not None:
        found.append(one)
        whose = one.user_id
        if whose == of:
            yield from found
            return


def _comes_to_the_same(schedule: Schedule, found: Plan, on_top: Override) -> bool:
    kept: list[Override] = []
    for one in schedule.overrides:
        first, *others = left(one, found.back.get(one.id, ())) or (None,)
        if first is not None:
            kept.append(replace(one, start_at=first[0], end_at=first[1]))
        kept += [replace(one, id=NEWEST, start_at=start, end_at=end) for start, end in others]
    kept += [replace(on_top, start_at=start, end_at=end) for start, end in found.anew]
    taken_back, piled_up = replace(schedule, overrides=tuple(kept)), with_overrides(schedule, on_top)
    touched = [one for one in schedule.overrides if one.id in found.back]
    start, end = min(one.start_at for one in touched), max(one.end_at for one in touched)
    return not effect(piled_up, taken_back, None, min(start, on_top.start_at), max(end, on_top.end_at)).done


def _parts(found: Iterable[Override], start: datetime, end: datetime) -> Iterable[Interval]:
    cuts = {at for one in found for at in (one.start_at, one.end_at) if start < at < end}
    return pairwise(sorted({start, end, *cuts}))
