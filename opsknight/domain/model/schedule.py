"""Schedules: who is on call, when, and why. One answer for pager, page, API and preview.

A schedule is a stack of layers, the highest on top: a lower layer shows where the higher ones
cover nothing. What covers nothing is a gap, and a gap means nobody. A layer says what it covers
(`turns`), and the stack cuts it; whoever adds a kind of layer adds only its turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsknight.domain.model.rotation import Rotation, Turn

LOOK_AHEAD = timedelta(days=366)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation with the name by which people know it."""

    name: str
    rotation: Rotation


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers in order, the highest first."""

    layers: tuple[Layer, ...]
    name: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class OnCall:
    """One person's time on call `[start_at, end_at)` and the layer that says so.

    The span is the whole of it, whatever window was asked for.
    """

    start_at: datetime
    end_at: datetime
    user_id: int
    layer: str


def on_call(schedule: Schedule, at: datetime) -> tuple[OnCall, ...]:
    """Return who is on call at `at`: nobody in a gap, several where a group has its turn."""
    for depth, layer in enumerate(schedule.layers):
        index = layer.rotation.index_at(at)
        if index is not None:
            turn = layer.rotation.turn(index)
            pieces = _uncovered((turn.start_at, turn.end_at), schedule.layers[:depth])
            return _people(next(piece for piece in pieces if piece[0] <= at < piece[1]), turn, layer)
    return ()


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[OnCall, ...]:
    """Return every time on call that touches `[start, end)`, whole, in order of time."""
    found = [
        shift
        for depth, layer in enumerate(schedule.layers)
        for turn in layer.rotation.turns(start, end)
        for piece in _uncovered((turn.start_at, turn.end_at), schedule.layers[:depth])
        if piece[0] < end and piece[1] > start
        for shift in _people(piece, turn, layer)
    ]
    return tuple(sorted(found))


def gaps(schedule: Schedule, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """Return the intervals of `[start, end)` in which nobody is on call, in order of time."""
    return tuple(_uncovered((start, end), schedule.layers))


def next_shift(schedule: Schedule, user_id: int, *, after: datetime, within: timedelta = LOOK_AHEAD) -> OnCall | None:
    """Return the first time on call of `user_id` that begins later than `after`, or None within that span."""
    candidates = [
        shift
        for depth, layer in enumerate(schedule.layers)
        if (shift := _next_of(layer, user_id, above=schedule.layers[:depth], start=after, end=after + within))
    ]
    return min(candidates, default=None)


def _next_of(layer: Layer, user_id: int, *, above: tuple[Layer, ...], start: datetime, end: datetime) -> OnCall | None:
    if not any(user_id in group for group in layer.rotation.groups):
        return None
    for turn in layer.rotation.turns(start, end):
        if user_id not in turn.users:
            continue
        for piece in _uncovered((turn.start_at, turn.end_at), above):
            if piece[0] > start:
                return OnCall(piece[0], piece[1], user_id, layer.name)
    return None


def _people(piece: Interval, turn: Turn, layer: Layer) -> tuple[OnCall, ...]:
    return tuple(OnCall(piece[0], piece[1], user, layer.name) for user in turn.users)


def _uncovered(whole: Interval, above: Iterable[Layer]) -> Iterator[Interval]:
    """Yield what of `whole` no layer of `above` covers, in order of time."""
    start, end = whole
    covers = sorted((turn.start_at, turn.end_at) for layer in above for turn in layer.rotation.turns(start, end))
    for cover_start, cover_end in covers:
        if cover_start > start:
            yield start, min(cover_start, end)
        start = max(start, cover_end)
        if start >= end:
            return
    yield start, end
