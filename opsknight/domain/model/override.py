"""Overrides and leave: who is on call instead, besides or no longer, for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Change(StrEnum):
    """What an override does."""

    ADD = "add"
    """`user_id` is on call as well."""
    REMOVE = "remove"
    """`replaces` is not on call."""
    REPLACE = "replace"
    """`user_id` is on call instead of `replaces`; instead of everybody and of nobody where that is None."""


@dataclass(frozen=True, slots=True)
class Override:
    """A change in `[start_at, end_at)`. What removes or replaces somebody who is not on call changes nothing.

    Several at once are done in the order in which they were made, that of `id`, each to what the former left.
    `made_by` is the person who made it, where one did.
    """

    id: int
    change: Change
    start_at: datetime
    end_at: datetime
    user_id: int | None = None
    replaces: int | None = None
    made_by: int | None = None

    @property
    def stands_alone(self) -> bool:
        """Whether it puts somebody on call where nobody else is."""
        return self.change is Change.ADD or (self.change is Change.REPLACE and self.replaces is None)

    def touches(self, start: datetime, end: datetime) -> bool:
        """Return whether it changes anything of `[start, end)`."""
        return self.start_at < end and self.end_at > start and self.start_at < self.end_at


class OnLeave(StrEnum):
    """What a schedule does with somebody who is away and has named no substitute. It never fills by guessing."""

    WARN = "warn"
    """They stay on call, and the time is listed as one in which they are away."""
    REMOVE = "remove"
    """They are off call; where nobody else is on call that is a gap."""


@dataclass(frozen=True, slots=True)
class Leave:
    """`user_id` is away in `[start_at, end_at)`; `substitute_id` has their shifts, where one is named."""

    id: int
    user_id: int
    start_at: datetime
    end_at: datetime
    substitute_id: int | None = None

    def touches(self, start: datetime, end: datetime) -> bool:
        """Return whether any of `[start, end)` lies in it."""
        return self.start_at < end and self.end_at > start and self.start_at < self.end_at


@dataclass(frozen=True, slots=True)
class Seat:
    """Why somebody is on call: a turn of a layer, in a temporary schedule or not, and what has changed it.

    Two seats are equal where the time of one goes on as the time of the other. `replaces` is whose turn it was.
    """

    layer: str
    layer_id: int | None = None
    turn_at: datetime | None = None
    temporary: str = ""
    temporary_id: int | None = None
    override_id: int | None = None
    replaces: int | None = None
    leave_id: int | None = None
    place: tuple[int, ...] = ()


OVERRIDE = "override"
"""The layer of those whom an override alone puts on call."""
Seats = dict[int, Seat]


def overridden(seats: Seats, overrides: Iterable[Override]) -> Seats:
    """Return who is on call once `overrides`, in their order, have done to `seats` what they say."""
    for one in overrides:
        if one.change is Change.REMOVE:
            seats.pop(one.replaces or 0, None)
        elif one.change is Change.ADD and one.user_id is not None:
            seats.setdefault(one.user_id, Seat(OVERRIDE, override_id=one.id))
        elif one.change is Change.REPLACE and one.user_id is not None:
            _replace(seats, one, one.user_id)
    return seats


def relieved(seats: Seats, leaves: Mapping[int, Leave], on_leave: OnLeave) -> Seats:
    """Return who is on call once those who are away have gone; `leaves` are those of the time, by person.

    A substitute who is away as well is substituted in turn, nobody twice.
    """
    found: Seats = {}
    for user, seat in seats.items():
        now, last = user, None
        seen: set[int] = set()
        while (leave := leaves.get(now)) is not None and leave.substitute_id is not None and now not in seen:
            seen.add(now)
            now, last = leave.substitute_id, leave
        if now in leaves and on_leave is OnLeave.REMOVE:
            continue
        if last is None:
            found[now] = seat
        else:
            found.setdefault(now, replace(seat, leave_id=last.id, replaces=seat.replaces or user))
    return found


def _replace(seats: Seats, one: Override, by: int) -> None:
    if one.replaces is None:
        seats.clear()
        seats[by] = Seat(OVERRIDE, override_id=one.id)
    elif (seat := seats.pop(one.replaces, None)) is not None:
        seats.setdefault(by, replace(seat, override_id=one.id, replaces=one.replaces))
