"""A schedule of a small team for tests of commands, and who is on call by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from opsknight.domain.commands import overrides, schedules, shift_swaps
from opsknight.domain.commands.schedules import Plan
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.model.override import Change
from opsknight.domain.model.rotation import Unit
from opsknight.domain.queries.duties import duties, on_call_at
from opsknight.domain.store.tables import UserRow
from tests.builders import a_team, a_user
from tests.clock import NOON
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Rota:
    """A schedule in which Ada, Bo and Cy are on call a day each, from noon to noon; Mo manages it."""

    desk: Desk
    id: int
    team_id: int
    ada: UserRow
    bo: UserRow
    cy: UserRow
    mo: UserRow

    def plan(self, *groups: UserRow, **what: Any) -> Plan:
        """Return the plan of the schedule, with other people in turn where they are named."""
        people = tuple((one.id,) for one in groups or (self.ada, self.bo, self.cy))
        layer = LayerPlan(
            "Daily",
            starts_at=NOON.replace(tzinfo=None) - DAY,
            unit=Unit.DAYS,
            groups=people,
        )
        return Plan("Platform", self.team_id, "UTC", (replace(layer, **what),))

    async def change(self, plan: Plan, **what: Any) -> schedules.Done:
        """Let it be as `plan` says, as Mo."""
        return await self.desk.as_(self.mo, schedules.change, self.id, plan, **what)

    async def instead(self, user: UserRow, of: UserRow | None, start: datetime, hours: float = 4) -> schedules.Done:
        """Have `user` on call instead of another, as Ada."""
        wish = overrides.Wish(Change.REPLACE, start, start + hours * HOUR, user.id, None if of is None else of.id)
        return await self.desk.do(overrides.override, self.id, wish)

    async def who(self, at: datetime) -> list[str]:
        """Return the names of those who were, are or will be on call at `at`."""
        async with self.desk.database.screens() as session:
            _, found = (await on_call_at(session, [self.id], at))[self.id]
        return [self.names[one.user_id] for one in found]

    async def told(self, start: datetime, end: datetime) -> list[tuple[str, float, float]]:
        """Return who is on call when, in hours from noon."""
        async with self.desk.database.screens() as session:
            _, found = (await duties(session, [self.id], start, end))[self.id]
        return [(self.names[one.user_id], (one.start_at - NOON) / HOUR, (one.end_at - NOON) / HOUR) for one in found]

    @property
    def names(self) -> dict[int, str]:
        """Everybody's name."""
        return {one.id: one.name for one in (self.ada, self.bo, self.cy, self.mo)}


async def a_rota(desk: Desk) -> Rota:
    """Make the schedule: Bo is on call now, since noon."""
    bo, cy = await a_user(desk.database, "Bo"), await a_user(desk.database, "Cy")
    mo = await a_user(desk.database, "Mo", role="manager")
    team = await a_team(desk.database, managers=[mo])
    rota = Rota(desk, 0, team.id, desk.user, bo, cy, mo)
    rota.id = (await desk.as_(mo, schedules.make, rota.plan())).id
    return rota


def offer(user: UserRow, start: float, end: float, **what: Any) -> shift_swaps.Wish:
    """Return the wish to offer the time of `user` between two hours from noon."""
    return shift_swaps.Wish(user.id, NOON + start * HOUR, NOON + end * HOUR, **what)
