"""Schedules: who is on call, when, and why. One answer for pager, page, API, calendar and preview.

From top to bottom: temporary schedules, the newest first, each replacing all there is in its window; then
overrides, which change what the layers say; then the layers, the highest first. Last, who is away is
substituted. What covers nothing is a gap, and a gap means nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.override import Leave, OnLeave, Override
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.stack import Piece, Source, Temporary, merged, of_layers, stacked, uncovered
from opsknight.domain.model.sweep import Changes, Time, swept

LOOK_AHEAD: Final = timedelta(days=366)
_INSTANT: Final = timedelta(microseconds=1)
_FIRST_LOOK: Final = timedelta(days=8)

__all__ = [
    "LOOK_AHEAD",
    "FixedShifts",
    "Interval",
    "Layer",
    "LayerShown",
    "OnCall",
    "Schedule",
    "Temporary",
    "away",
    "gaps",
    "layers_shown",
    "merged",
    "next_on_call",
    "next_shift",
    "on_call",
    "shadows",
    "shifts",
    "uncovered",
]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers in order, the highest first, and what changes them for a while.

    `shadow_layers` are of people who only listen: they are asked by `shadows` and by nothing else. `names` are those of
    whoever made an override, was replaced by one, or is away: for sentences.
    """

    layers: tuple[Layer, ...]
    name: str = ""
    id: int | None = None
    overrides: tuple[Override, ...] = ()
    temporaries: tuple[Temporary, ...] = ()
    leaves: tuple[Leave, ...] = ()
    on_leave: OnLeave = OnLeave.WARN
    shadow_layers: tuple[Layer, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict[int, str], compare=False)

    @property
    def people(self) -> frozenset[int]:
        """Everybody who can be on call by it, now or ever, shadows left aside: for look-ups."""
        layers = [layer for one in self.temporaries for layer in one.layers]
        found = {user for layer in layers for user in layer.people} | self.members
        found |= {one.user_id for one in self.overrides if one.user_id is not None}
        left = [(one.user_id, one.substitute_id) for one in self.leaves if one.substitute_id is not None]
        while come := {instead for user, instead in left if user in found} - found:  # a substitute may be away too
            found |= come
        return frozenset(found)

    @property
    def members(self) -> frozenset[int]:
        """Everybody who takes turns in it: those of its layers."""
        return frozenset(user for layer in self.layers for user in layer.people)

    @property
    def shadowed_by(self) -> frozenset[int]:
        """Everybody who listens to it in a turn of theirs."""
        return frozenset(user for layer in self.shadow_layers for user in layer.people)


@dataclass(frozen=True, slots=True)
class OnCall:
    """One person's time on call `[start_at, end_at)`, and why: the layer, and what has changed it.

    The span is the whole of it, whatever window was asked for. `layer` is “override” where an override alone
    says so; `replaces` is the person whose turn it was, `leave_id` the leave for which `user_id` substitutes.
    `continues` says of what is recorded that an edit cut it from what the person had until then.
    """

    start_at: datetime
    end_at: datetime
    user_id: int
    layer: str
    layer_id: int | None = None
    override_id: int | None = None
    replaces: int | None = None
    leave_id: int | None = None
    temporary: str = ""
    temporary_id: int | None = None
    continues: bool = field(default=False, compare=False)

    def __lt__(self, other: OnCall) -> bool:
        """Come before another by time, then by person and layer."""
        mine, others = (self.start_at, self.end_at, self.user_id), (other.start_at, other.end_at, other.user_id)
        return (*mine, self.layer) < (*others, other.layer)


@dataclass(frozen=True, slots=True)
class LayerShown:
    """A layer and its own turns, as if it lay alone."""

    layer: Layer
    turns: tuple[OnCall, ...]


def on_call(schedule: Schedule, at: datetime) -> tuple[OnCall, ...]:
    """Return who is on call at `at`: nobody in a gap, several where a group has its turn."""
    return tuple(one for one in shifts(schedule, at, at + _INSTANT) if one.start_at <= at < one.end_at)


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[OnCall, ...]:
    """Return every time on call that touches `[start, end)`, whole, in order of time."""
    sources = _sources(schedule)
    pieces = stacked(sources, start, end)
    since = min([start, *(piece.start_at for piece in pieces)])
    until = max([end, *(piece.end_at for piece in pieces)])
    alone = [one for one in schedule.overrides if one.stands_alone and one.touches(start, end)]
    if alone:
        since, until = min(since, *(one.start_at for one in alone)), max(until, *(one.end_at for one in alone))
    changes = _changes(schedule, since, until)
    if changes:
        pieces = stacked(sources, since, until)  # a person's time may be cut by another turn of their own
        found = [_on_call(time) for time in swept(pieces, changes, (since, until))]
    else:
        found = [shift for piece in pieces for shift in _people(piece)]
    return tuple(sorted(one for one in found if one.start_at < end and one.end_at > start))


def gaps(schedule: Schedule, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """Return the intervals of `[start, end)` in which nobody is on call, in order of time."""
    covers = merged((one.start_at, one.end_at) for one in shifts(schedule, start, end))
    return tuple(uncovered((start, end), covers)) if start < end else ()


def away(schedule: Schedule, start: datetime, end: datetime) -> tuple[OnCall, ...]:
    """Return the parts of shifts in `[start, end)` whose person is away: as good as gaps, and warned of as such."""
    found = [
        replace(one, start_at=max(one.start_at, leave.start_at, start), end_at=min(one.end_at, leave.end_at, end))
        for one in shifts(schedule, start, end)
        for leave in schedule.leaves
        if leave.user_id == one.user_id and leave.touches(max(one.start_at, start), min(one.end_at, end))
    ]
    return tuple(sorted(found))


def next_shift(schedule: Schedule, user_id: int, *, after: datetime, within: timedelta = LOOK_AHEAD) -> OnCall | None:
    """Return the first time on call of `user_id` that begins later than `after`, or None within that span."""
    if user_id not in schedule.people:
        return None
    start, last, look = after, after + within, _FIRST_LOOK
    while start < last:
        end = min(start + look, last)
        found = [one for one in shifts(schedule, start, end) if one.user_id == user_id and one.start_at > after]
        if found:
            return min(found)
        start, look = end, look * 2
    return None


def next_on_call(schedule: Schedule, *, after: datetime, within: timedelta = LOOK_AHEAD) -> tuple[OnCall, ...]:
    """Return those who come on call next, later than `after`, together; nobody where none do within that span."""
    start, last, look = after, after + within, _FIRST_LOOK
    while start < last:
        end = min(start + look, last)
        found = [one for one in shifts(schedule, start, end) if one.start_at > after]
        if found:
            return tuple(one for one in found if one.start_at == found[0].start_at)
        start, look = end, look * 2
    return ()


def layers_shown(schedule: Schedule, start: datetime, end: datetime) -> tuple[LayerShown, ...]:
    """Return each layer with its own turns that touch `[start, end)`, before anything is stacked, highest first."""
    return _shown(schedule.layers, start, end)


def shadows(schedule: Schedule, start: datetime, end: datetime) -> tuple[LayerShown, ...]:
    """Return who shadows in `[start, end)`, layer by layer. Shadows are never paged and change nobody's time."""
    return _shown(schedule.shadow_layers, start, end)


def _shown(layers: Iterable[Layer], start: datetime, end: datetime) -> tuple[LayerShown, ...]:
    return tuple(
        LayerShown(layer, tuple(sorted(shift for piece in source.pieces(start, end) for shift in _people(piece))))
        for layer, source in ((layer, of_layers((layer,))[0]) for layer in layers)
    )


def _sources(schedule: Schedule) -> tuple[Source, ...]:
    if not schedule.temporaries:
        return of_layers(schedule.layers)
    newest_first = sorted(schedule.temporaries, key=lambda one: one.id or 0, reverse=True)
    return *newest_first, *of_layers(schedule.layers)


def _changes(schedule: Schedule, start: datetime, end: datetime) -> Changes:
    """Return what changes the layers in `[start, end)`; a leave that has no effect is none."""
    removes = schedule.on_leave is OnLeave.REMOVE
    return Changes(
        tuple(one for one in schedule.overrides if one.touches(start, end)),
        tuple(one for one in schedule.leaves if one.touches(start, end) and (removes or one.substitute_id is not None)),
        tuple(one for one in schedule.temporaries if one.touches(start, end)),
        schedule.on_leave,
    )


def _people(piece: Piece) -> Iterator[OnCall]:
    for user in piece.users:
        yield OnCall(
            piece.start_at,
            piece.end_at,
            user,
            piece.layer,
            piece.layer_id,
            temporary=piece.temporary,
            temporary_id=piece.temporary_id,
        )


def _on_call(one: Time) -> OnCall:
    seat = one.seat
    return OnCall(
        one.start_at,
        one.end_at,
        one.user_id,
        seat.layer,
        seat.layer_id,
        override_id=seat.override_id,
        replaces=seat.replaces,
        leave_id=seat.leave_id,
        temporary=seat.temporary,
        temporary_id=seat.temporary_id,
    )
