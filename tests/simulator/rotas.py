"""The schedules of a run: layers in turns, within parts of the week, and what changes them for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import LayerMemberRow, LayerRow, LeaveRow, OverrideRow, ScheduleRow

DAY_MIN = 24 * 60
QUARTER = timedelta(minutes=15)
LENGTHS = (("hours", 7), ("hours", 12), ("hours", 12), ("days", 1), ("days", 2), ("weeks", 1))
NIGHTS = tuple((day * DAY_MIN + 20 * 60, (day + 1) * DAY_MIN + 8 * 60) for day in range(7))
WORKDAYS = tuple((day * DAY_MIN + 9 * 60, day * DAY_MIN + 17 * 60 + 30) for day in range(5))
WEEKEND = ((4 * DAY_MIN + 17 * 60, 7 * DAY_MIN + 9 * 60),)
"""No part begins or ends in the hours of the night in which clocks change."""


@dataclass(frozen=True, slots=True)
class Turns:
    """One layer: its groups take turns of `length` `unit`s on the wall clock, within `parts` of the week.

    Parts are in minutes after Monday 00:00; without any it is all of the week.
    """

    starts_at: datetime
    unit: str
    length: int
    groups: tuple[tuple[int, ...], ...]
    ends_at: datetime | None = None
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """An override: `user` is added, or has the time of `replaces`, or `replaces` is removed."""

    what: str
    start_at: datetime
    end_at: datetime
    user: int | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody's leave, and who has their shifts then, if anybody."""

    user: int
    start_at: datetime
    end_at: datetime
    substitute: int | None = None


@dataclass(frozen=True, slots=True)
class Rota:
    """One schedule: its layers, the highest first, and what changes them. `removes` takes who is away off call."""

    id: int
    zone: str
    layers: tuple[Turns, ...]
    changes: tuple[Change, ...] = ()
    leaves: tuple[Away, ...] = ()
    removes: bool = False

    @property
    def begins_at(self) -> datetime:
        """When the first layer starts, on the wall clock."""
        return min(layer.starts_at for layer in self.layers)


class Rotas:
    """Draws schedules from the seed and writes them."""

    def __init__(self, session: AsyncSession, chance: Random, *, start_at: datetime) -> None:
        self._session = session
        self._chance = chance
        self._start_at = start_at

    async def leaves(self, people: Sequence[int]) -> tuple[Away, ...]:
        """Send now and then somebody of a team on leave; most name who has their shifts."""
        found: list[Away] = []
        for user in people:
            if self._chance.random() < 0.15:
                start_at, end_at = self._while(longest_h=60)
                substitute = self._chance.choice([None, *(other for other in people if other != user)])
                found.append(Away(user, start_at, end_at, substitute))
                columns = {"user_id": user, "substitute_id": substitute, "created_at": self._start_at}
                self._session.add(LeaveRow(start_at=start_at, end_at=end_at, **columns))
        await self._session.flush()
        return tuple(found)

    async def rota(self, team_id: int, name: str, zone: str, people: Sequence[int], leaves: tuple[Away, ...]) -> Rota:
        """Make a schedule of some of `people`: two in three are one layer, as most are."""
        chance = self._chance
        removes = chance.random() < 0.4
        lowest = self._turns(people)
        layers = [lowest]
        if chance.random() < 0.35:  # above it, another for a part of the week
            layers.insert(0, self._turns(people, parts=chance.choice((NIGHTS, WORKDAYS, WEEKEND))))
            if chance.random() < 0.4:
                layers.insert(0, self._turns(people, parts=chance.choice((WORKDAYS, WEEKEND))))
        columns: dict[str, Any] = {"on_leave": "remove" if removes else "warn"}
        if chance.random() < 0.3:  # whoever listens only is never paged
            columns["shadow_layers"] = [_as_json(self._turns(people))]
        row = ScheduleRow(team_id=team_id, name=name, zone=zone, **columns)
        self._session.add(row)
        await self._session.flush()
        for position, turns in enumerate(reversed(layers)):
            await self._layer(row.id, position, turns)
        changes = await self._changes(row.id, people)
        return Rota(row.id, zone, tuple(layers), changes, leaves, removes)

    def _turns(self, people: Sequence[int], *, parts: tuple[tuple[int, int], ...] = ()) -> Turns:
        chance = self._chance
        unit, length = chance.choice(LENGTHS)
        wall = self._start_at.replace(tzinfo=None, hour=chance.randint(0, 23), minute=chance.choice((0, 30)))
        members = chance.sample([*people], chance.randint(2, len(people)))
        groups = [(member,) for member in members]
        if len(members) > 2 and chance.random() < 0.2:
            groups = [(members[0], members[1]), *groups[2:]]
        is_over = not parts and chance.random() < 0.1
        ends = self._start_at.replace(tzinfo=None, minute=0) + timedelta(days=5) if is_over else None
        return Turns(wall - timedelta(days=chance.randint(0, 20)), unit, length, tuple(groups), ends, parts)

    async def _layer(self, schedule_id: int, position: int, turns: Turns) -> None:
        columns = {"starts_at": turns.starts_at, "ends_at": turns.ends_at, "unit": turns.unit, "length": turns.length}
        parts = [[*part] for part in turns.parts]
        row = LayerRow(schedule_id=schedule_id, position=position, name=f"Layer {position}", parts=parts, **columns)
        self._session.add(row)
        await self._session.flush()
        seats = [(number, user) for number, group in enumerate(turns.groups) for user in group]
        for place, (number, user) in enumerate(seats):
            self._session.add(LayerMemberRow(layer_id=row.id, position=place, group_number=number, user_id=user))
        await self._session.flush()

    async def _changes(self, schedule_id: int, people: Sequence[int]) -> tuple[Change, ...]:
        """Change who is on call for a while, up to three times; the database refuses what contradicts itself."""
        chance, found = self._chance, list[Change]()
        for what in chance.sample(("add", "remove", "replace"), chance.choice((0, 0, 1, 1, 3))):
            start_at, end_at = self._while(longest_h=30)
            user, other = chance.sample([*people], 2)
            replaces = other if what == "remove" or (what == "replace" and chance.random() < 0.7) else None
            found.append(Change(what, start_at, end_at, None if what == "remove" else user, replaces))
            columns = {"user_id": found[-1].user, "replaces_id": replaces, "created_at": self._start_at}
            times = {"start_at": start_at, "end_at": end_at}
            self._session.add(OverrideRow(schedule_id=schedule_id, change=what, **times, **columns))
            await self._session.flush()
        return tuple(found)

    def _while(self, *, longest_h: int) -> tuple[datetime, datetime]:
        quarter = self._start_at.replace(minute=0) + QUARTER * self._chance.randint(0, 4 * 24 * 6)
        return quarter, quarter + QUARTER * self._chance.randint(2, 4 * longest_h)


def _as_json(turns: Turns) -> dict[str, Any]:
    return {
        "name": "Shadows", "kind": "rotation", "zone": None, "starts_at": turns.starts_at.isoformat(), "ends_at": None,
        "unit": turns.unit, "length": turns.length, "handoffs": [], "groups": [[*group] for group in turns.groups],
        "parts": [[*part] for part in turns.parts], "holidays": "any", "active_only": False,
    }  # fmt: skip
