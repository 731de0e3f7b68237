"""What overrides and leave make of the pieces of a stack, from one instant of change to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar

from opsknight.domain.model.override import Leave, OnLeave, Override, Seat, Seats, overridden, relieved
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.stack import Piece, Temporary


class Lasting(Protocol):
    """What begins and ends."""

    @property
    def start_at(self) -> datetime:
        """Its first instant."""
        ...

    @property
    def end_at(self) -> datetime:
        """The instant at which it is over."""
        ...


T = TypeVar("T", bound=Lasting)


class Time(NamedTuple):
    """One person's time on call, and why."""

    start_at: datetime
    end_at: datetime
    user_id: int
    seat: Seat


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes the layers of a schedule in a span of time."""

    overrides: tuple[Override, ...]
    leaves: tuple[Leave, ...]
    temporaries: tuple[Temporary, ...]
    on_leave: OnLeave

    def __bool__(self) -> bool:
        """Be true where there is anything to do to the pieces of the stack: temporary schedules are in them."""
        return bool(self.overrides or self.leaves)


def swept(pieces: Iterable[Piece], changes: Changes, whole: Interval) -> Iterator[Time]:
    """Yield everybody's times on call within `whole`; what goes on unchanged is one time."""
    open_since: dict[int, tuple[datetime, Seat]] = {}
    for start, seats in _seats(list(pieces), changes, whole):
        for user in [user for user, (_, seat) in open_since.items() if seats.get(user) != seat]:
            since, seat = open_since.pop(user)
            yield Time(since, start, user, seat)
        for user, seat in seats.items():
            if user not in open_since:
                open_since[user] = start, seat
    for user, (since, seat) in open_since.items():
        yield Time(since, whole[1], user, seat)


def _seats(pieces: list[Piece], changes: Changes, whole: Interval) -> Iterator[tuple[datetime, Seats]]:
    """Yield who is on call from each instant of change on."""
    layered, temporaries = _Present(pieces), _Present(changes.temporaries)
    overrides, leaves = _Present(changes.overrides), _Present(changes.leaves)
    cuts = {whole[0], whole[1]}
    for one in (*pieces, *changes.overrides, *changes.leaves, *changes.temporaries):
        cuts.update(at for at in (one.start_at, one.end_at) if whole[0] < at < whole[1])
    for start, _ in pairwise(sorted(cuts)):
        seats: Seats = {user: _seat(piece) for piece in reversed(layered.at(start)) for user in piece.users}
        if (made := overrides.at(start)) and not temporaries.at(start):
            seats = overridden(seats, sorted(made, key=_number))
        if gone := leaves.at(start):
            seats = relieved(seats, {one.user_id: one for one in sorted(gone, key=_substitutes_last)}, changes.on_leave)
        yield start, seats


class _Present(Generic[T]):
    """Those of many that last at an instant, asked for one after the other in order of time."""

    def __init__(self, everything: Iterable[T]) -> None:
        self._to_come = sorted(everything, key=lambda one: one.start_at, reverse=True)
        self._present: list[T] = []

    def at(self, at: datetime) -> list[T]:
        while self._to_come and self._to_come[-1].start_at <= at:
            self._present.append(self._to_come.pop())
        self._present = [one for one in self._present if one.end_at > at]
        return self._present


def _number(one: Override) -> int:
    return one.id


def _substitutes_last(one: Leave) -> tuple[bool, int]:
    """Let the newest leave count that names a substitute, where several last at once: who is named covers."""
    return one.substitute_id is not None, one.id


def _seat(piece: Piece) -> Seat:
    where = piece.temporary, piece.temporary_id
    return Seat(piece.layer, piece.layer_id, piece.turn_at, *where, place=piece.place)
