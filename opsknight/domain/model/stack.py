"""The stack: layers one on top of the other, and what of each can be seen.

A lower layer shows where the higher ones cover nothing. Every piece is whole, whatever window was asked for:
where a piece touches the window's edge, its end is looked for beyond it, nearby first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple, Protocol, runtime_checkable

from opsknight.domain.model.layer import Layer
from opsknight.domain.model.restriction import Interval

_NEARBY: Final = timedelta(days=2)
_FURTHER: Final = 4


class Piece(NamedTuple):
    """A turn, or the part of one that can be seen; `turn_at` is the start of that turn in its own layer.

    `place` says where in the stack it lies, and in the stack within that of a temporary schedule.
    """

    start_at: datetime
    end_at: datetime
    users: tuple[int, ...]
    layer: str
    layer_id: int | None
    turn_at: datetime
    temporary: str = ""
    temporary_id: int | None = None
    place: tuple[int, ...] = ()

    def within(self, start: datetime, end: datetime) -> Piece:
        """Return the part of it that lies within `[start, end)`."""
        return self._replace(start_at=max(self.start_at, start), end_at=min(self.end_at, end))


@runtime_checkable
class Source(Protocol):
    """Whatever lies in a stack."""

    def pieces(self, start: datetime, end: datetime) -> Iterator[Piece]:
        """Yield what it has that touches `[start, end)`, whole."""
        ...

    def coverage(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield what it covers of `[start, end)` and whatever that is a part of, in order of its start."""
        ...


@dataclass(frozen=True, slots=True)
class Temporary:
    """A temporary schedule: in `[start_at, end_at)` its own layers are all there is, overrides left aside."""

    id: int | None
    name: str
    start_at: datetime
    end_at: datetime
    layers: tuple[Layer, ...]

    def touches(self, start: datetime, end: datetime) -> bool:
        """Return whether it rules anything of `[start, end)`."""
        return self.start_at < end and self.end_at > start and self.start_at < self.end_at

    def pieces(self, start: datetime, end: datetime) -> Iterator[Piece]:
        """Yield what its layers have within it that touches `[start, end)`."""
        if self.touches(start, end):
            for piece in stacked(of_layers(self.layers), max(start, self.start_at), min(end, self.end_at)):
                mine = piece.within(self.start_at, self.end_at)
                yield mine._replace(temporary=self.name, temporary_id=self.id)

    def coverage(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield its window, empty or not: what its layers leave open is a gap."""
        if self.touches(start, end):
            yield self.start_at, self.end_at


@dataclass(frozen=True, slots=True)
class LayerSource:
    """A layer as it lies in a stack."""

    layer: Layer

    def pieces(self, start: datetime, end: datetime) -> Iterator[Piece]:
        """Yield its turns that touch `[start, end)`, as if it lay alone."""
        for turn in self.layer.turns(start, end):
            yield Piece(turn.start_at, turn.end_at, turn.users, self.layer.name, self.layer.id, turn.start_at)

    def coverage(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield what the layer covers."""
        return self.layer.coverage(start, end)


def of_layers(layers: Iterable[Layer]) -> tuple[Source, ...]:
    """Return layers as a stack, the highest first."""
    return tuple(LayerSource(layer) for layer in layers)


def stacked(sources: Sequence[Source], start: datetime, end: datetime) -> list[Piece]:
    """Return what can be seen of a stack, the highest source first, in `[start, end)`: whole, in no order."""
    found: list[Piece] = []
    covered: list[Interval] = []
    for depth, source in enumerate(sources):
        above = sources[:depth]
        for piece in source.pieces(start, end):
            shown = max(start, piece.start_at), min(end, piece.end_at)
            open_parts = uncovered(shown, islice(covered, _first_to_touch(shown, covered), None))
            found.extend(_whole(piece, part, above, start, end) for part in open_parts)
        covered = merged([*covered, *source.coverage(start, end)])
        if any(cover[0] <= start and cover[1] >= end for cover in covered):
            break
    return found


def uncovered(whole: Interval, covers: Iterable[Interval]) -> Iterator[Interval]:
    """Yield what of `whole` none of `covers` holds, in order of time; `covers` are in order of their start."""
    start, end = whole
    for cover_start, cover_end in covers:
        if cover_start >= end:
            break
        if cover_start > start:
            yield start, cover_start
        start = max(start, cover_end)
        if start >= end:
            return
    yield start, end


def _first_to_touch(whole: Interval, covers: Sequence[Interval]) -> int:
    """Return the index from which on a union of intervals can touch `whole`."""
    return max(0, bisect_right(covers, (whole[0], whole[0])) - 1)


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the union of intervals, in order, none touching the next."""
    union: list[Interval] = []
    for start, end in sorted(intervals):
        if union and start <= union[-1][1]:
            if end > union[-1][1]:
                union[-1] = union[-1][0], end
        else:
            union.append((start, end))
    return union


def _whole(piece: Piece, seen: Interval, above: Sequence[Source], start: datetime, end: datetime) -> Piece:
    """Return the part of `piece` of which `seen` lies within the window, as far as it goes beyond it."""
    seen_start, seen_end = seen
    if seen_start == start and piece.start_at < start:
        seen_start = _begin(piece.start_at, start, above)
    if seen_end == end and piece.end_at > end:
        seen_end = _end(end, piece.end_at, above)
    return piece._replace(start_at=seen_start, end_at=seen_end, place=(len(above), *piece.place))


def _begin(lowest: datetime, at: datetime, above: Sequence[Source]) -> datetime:
    """Return since when `above` has left open what it leaves open at `at`, `lowest` at the earliest."""
    if not above:
        return lowest
    radius = _NEARBY
    while True:
        since = lowest if at - lowest <= radius else at - radius
        ends = [min(cover[1], at) for source in above for cover in source.coverage(since, at)]
        if ends or since == lowest:
            return max(ends, default=lowest)
        radius *= _FURTHER


def _end(at: datetime, highest: datetime, above: Sequence[Source]) -> datetime:
    """Return until when `above` leaves open what it leaves open just before `at`, `highest` at the latest."""
    if not above:
        return highest
    radius = _NEARBY
    while True:
        until = highest if highest - at <= radius else at + radius
        starts = [max(cover[0], at) for source in above for cover in source.coverage(at, until)]
        if starts or until == highest:
            return min(starts, default=highest)
        radius *= _FURTHER
