"""Who is on call, worked out as a person would on paper: quarter by quarter on the wall clock. No code is shared."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.simulator.rotas import DAY_MIN, QUARTER, Away, Rota, Turns


class OnPaper:
    """One schedule, walked through from its start. Clocks change, and people hand over, on quarters of an hour."""

    def __init__(self, rota: Rota, end_at: datetime) -> None:
        self._rota = rota
        self.changes: list[datetime] = []
        """When somebody else is on call, or nobody."""
        self._who: list[frozenset[int]] = []
        zone = ZoneInfo(rota.zone)
        walks = [_Walk(turns, zone) for turns in rota.layers]
        at = (rota.begins_at - timedelta(days=2)).replace(tzinfo=UTC)
        while at <= end_at:
            wall = at.astimezone(zone).replace(tzinfo=None)
            turns = [walk.turn(at, wall) for walk in walks]  # all of them go on, covered or not
            who = self._changed(next((turn for turn in turns if turn), ()), at)
            if not self._who or who != self._who[-1]:
                self.changes.append(at)
                self._who.append(who)
            at += QUARTER

    def at(self, at: datetime) -> frozenset[int]:
        """Return who is on call; nobody in a gap."""
        place = bisect.bisect_right(self.changes, at) - 1
        return frozenset() if place < 0 else self._who[place]

    def _changed(self, who: Sequence[int], at: datetime) -> frozenset[int]:
        now = [*who]
        for change in self._rota.changes:
            if not change.start_at <= at < change.end_at:
                continue
            if change.what == "remove":
                now = [user for user in now if user != change.replaces]
            elif change.user is not None and (change.what == "add" or change.replaces in now):
                now = [user for user in now if user != change.replaces] + [change.user]
            elif change.user is not None and change.replaces is None:
                now = [change.user]
        found = (self._stands_in(user, at) for user in now)
        return frozenset(user for user in found if user is not None)

    def _stands_in(self, user: int, at: datetime) -> int | None:
        """Return who has the shift of somebody in the end."""
        asked: list[int] = []
        while (leave := self._leave(user, at)) is not None:
            if leave.substitute is None or user in asked:
                return None if self._rota.removes else user
            asked.append(user)
            user = leave.substitute
        return user

    def _leave(self, user: int, at: datetime) -> Away | None:
        return next((one for one in self._rota.leaves if one.user == user and one.start_at <= at < one.end_at), None)


class _Walk:
    """One layer while time goes on."""

    def __init__(self, turns: Turns, zone: ZoneInfo) -> None:
        self._turns = turns
        self._handoff, self._turn = turns.starts_at, -1
        self._ends_at = None if turns.ends_at is None else _last(turns.ends_at, zone)

    def turn(self, at: datetime, wall: datetime) -> tuple[int, ...]:
        """Return whose turn it is now; nobody's before the start, after the end and outside its parts of the week."""
        while wall >= self._handoff:  # several at once where the clock was put forward over them
            self._handoff += timedelta(**{self._turns.unit: self._turns.length})
            self._turn += 1
        if self._turn < 0 or (self._ends_at is not None and at >= self._ends_at) or not self._covers(wall):
            return ()
        return self._turns.groups[self._turn % len(self._turns.groups)]

    def _covers(self, wall: datetime) -> bool:
        minute = wall.weekday() * DAY_MIN + wall.hour * 60 + wall.minute
        parts = self._turns.parts
        return not parts or any(start <= minute < end or start <= minute + 7 * DAY_MIN < end for start, end in parts)


def _last(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the last instant at which a wall clock shows that time, or where it is put past it."""
    at = (wall - timedelta(days=2)).replace(tzinfo=UTC)
    found, before = at, False
    for _ in range(4 * 24 * 4):
        is_past = at.astimezone(zone).replace(tzinfo=None) >= wall
        if is_past and not before:
            found = at
        before = is_past
        at += QUARTER
    return found
