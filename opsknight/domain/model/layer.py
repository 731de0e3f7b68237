"""Layers: what a schedule is made of. A rotation, or a list of fixed shifts, within restricted hours."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import accumulate

from opsknight.domain.model.restriction import Interval, Restriction
from opsknight.domain.model.rotation import Rotation, Turn
from opsknight.domain.model.wall_clock import FAR_AHEAD, first_instant


@dataclass(frozen=True)
class FixedShifts:
    """Shifts as somebody wrote them down, such as an imported calendar; they may leave holes and overlap."""

    shifts: tuple[Turn, ...]

    def turns(self, start_at: datetime, end_at: datetime) -> Iterator[Turn]:
        """Yield the shifts that touch `[start_at, end_at)`, whole, in order of time."""
        first = bisect_left(self._ends, start_at) if self.shifts else 0
        for turn in self._in_order[first:]:
            if turn.start_at >= end_at:
                return
            if turn.end_at > start_at and turn.start_at < turn.end_at and turn.users:
                yield turn

    @property
    def people(self) -> frozenset[int]:
        """Everybody in it."""
        return frozenset(user for turn in self.shifts for user in turn.users)

    def coverage(self, start_at: datetime, end_at: datetime) -> Iterator[Interval]:
        """Yield what they cover of `[start_at, end_at)` and whatever that is a part of, in order of its start."""
        return ((turn.start_at, turn.end_at) for turn in self.turns(start_at, end_at))

    @cached_property
    def _in_order(self) -> tuple[Turn, ...]:
        return tuple(sorted(self.shifts))

    @cached_property
    def _ends(self) -> list[datetime]:
        """The latest end of each shift and all before it: rising, so that it can be searched."""
        return list(accumulate((turn.end_at for turn in self._in_order), max))


@dataclass(frozen=True, slots=True)
class Layer:
    """Who takes turns, within which hours, and the name by which people know it.

    `rotation` is a rotation or fixed shifts. Where the restriction leaves nothing the layer covers nothing,
    and the layers below show. It does not stop a rotation from counting: only `rotation.active_only` does.
    """

    name: str
    rotation: Rotation | FixedShifts
    restriction: Restriction | None = None
    id: int | None = None

    @property
    def people(self) -> frozenset[int]:
        """Everybody who has a turn in it."""
        if isinstance(self.rotation, FixedShifts):
            return self.rotation.people
        return frozenset(user for group in self.rotation.groups for user in group)

    def turns(self, start: datetime, end: datetime) -> Iterator[Turn]:
        """Yield its turns that touch `[start, end)`, in order of time, whole but for the hours it is restricted to."""
        if self.restriction is None or isinstance(self.rotation, FixedShifts):
            yield from self.rotation.turns(start, end)
            return
        for span_start, span_end in self.restriction.spans(start, end, self.rotation.zone):
            for turn in self.rotation.turns(max(start, span_start), min(end, span_end)):
                yield Turn(max(turn.start_at, span_start), min(turn.end_at, span_end), turn.users)

    def coverage(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield what it covers of `[start, end)` and whatever that is a part of, in order of its start."""
        if isinstance(self.rotation, FixedShifts):
            yield from self.rotation.coverage(start, end)
            return
        first_at, over_at = self.rotation.first_at, self.rotation.over_at
        if over_at is None:
            over_at = first_instant(FAR_AHEAD, self.rotation.zone)
        if self.rotation.groups and first_at < end and over_at > start and first_at < over_at:
            yield from self._within((first_at, over_at), start, end)

    def _within(self, whole: Interval, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield what the restriction leaves of `whole` and that touches `[start, end)`; fixed shifts have none."""
        if self.restriction is None or isinstance(self.rotation, FixedShifts):
            yield whole
            return
        for span in self.restriction.spans(max(start, whole[0]), min(end, whole[1]), self.rotation.zone):
            piece = max(whole[0], span[0]), min(whole[1], span[1])
            if piece[0] < piece[1]:
                yield piece
