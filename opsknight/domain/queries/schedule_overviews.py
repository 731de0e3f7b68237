"""Schedules at a glance: who is on call now, who is next, what is not covered; and somebody's own shifts to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypedDict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.queries.duties import duties
from opsknight.domain.queries.oncall import Shift, shift_line, user_names
from opsknight.domain.queries.schedule_lines import ScheduleLine, schedule_lines
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import TeamMemberRow, TeamRow

AHEAD: Final = timedelta(days=28)
"""How far gaps are looked for."""
AT_ONCE: Final = 10
"""Schedules that are computed before others have their turn."""
OWN_AHEAD: Final = timedelta(days=56)
"""How far somebody's own shifts are told."""


class Overview(TypedDict):
    """A schedule as it stands: `on_call` is empty in a gap, `gaps` are those of the next AHEAD.

    `away` are times in which somebody is on call who is on leave.
    """

    schedule: ScheduleLine
    on_call: list[Shift]
    next: list[Shift]
    gaps: list[tuple[float, float]]
    away: list[Shift]


class OwnShift(TypedDict):
    """One of somebody's own times on call, in epoch seconds."""

    schedule_id: int
    schedule: str
    start_at: float
    end_at: float


async def overviews(session: AsyncSession, *, at: datetime) -> Sequence[Overview]:
    """Return every schedule as it stands at `at`, in order of name."""
    lines = await schedule_lines(session)
    end = at + AHEAD
    known = await _known(session, [line["id"] for line in lines], at, end)
    told = {number: _told(schedule, found, at, end) for number, (schedule, found) in known.items()}
    names = await user_names(session, [one for now, after, _, away in told.values() for one in (*now, *after, *away)])
    return [
        {
            "schedule": line,
            "on_call": [shift_line(one, names) for one in told[line["id"]][0]],
            "next": [shift_line(one, names) for one in told[line["id"]][1]],
            "gaps": [(start.timestamp(), stop.timestamp()) for start, stop in told[line["id"]][2]],
            "away": [shift_line(one, names) for one in told[line["id"]][3]],
        }
        for line in lines
    ]


async def own_shifts(session: AsyncSession, user_id: int, *, at: datetime) -> Sequence[OwnShift]:
    """Return the times on call of a person that are not over at `at`, in order, of the next OWN_AHEAD."""
    lines = await schedule_lines(session)
    every = await schedules(session, [line["id"] for line in lines], since=at)
    mine = [number for number, one in every.items() if user_id in one.people]
    known = await _known(session, mine, at, at + OWN_AHEAD)
    found: list[OwnShift] = [
        {
            "schedule_id": line["id"],
            "schedule": line["name"],
            "start_at": one.start_at.timestamp(),
            "end_at": one.end_at.timestamp(),
        }
        for line in lines
        if line["id"] in known
        for one in known[line["id"]][1]
        if one.user_id == user_id and one.end_at > at
    ]
    return sorted(found, key=lambda one: (one["start_at"], one["schedule"]))


async def shadowing(session: AsyncSession, user_id: int, *, at: datetime) -> Sequence[OwnShift]:
    """Return when a person listens without being paged: what is not over at `at`, in order, of the next OWN_AHEAD."""
    lines = await schedule_lines(session)
    every = await schedules(session, [line["id"] for line in lines], since=at)
    found: list[OwnShift] = [
        {
            "schedule_id": line["id"],
            "schedule": line["name"],
            "start_at": turn.start_at.timestamp(),
            "end_at": turn.end_at.timestamp(),
        }
        for line in lines
        if user_id in every[line["id"]].shadowed_by
        for shown in model.shadows(every[line["id"]], at, at + OWN_AHEAD)
        for turn in shown.turns
        if turn.user_id == user_id and turn.end_at > at
    ]
    return sorted(found, key=lambda one: (one["start_at"], one["schedule"]))


async def team_names(session: AsyncSession, *, managed_by: int | None = None) -> Mapping[int, str]:
    """Return the names of all teams, or of those that a person manages, by number, in order of name."""
    statement = select(TeamRow.id, TeamRow.name).order_by(func.lower(TeamRow.name), TeamRow.id)
    if managed_by is not None:
        theirs = TeamMemberRow.user_id == managed_by, TeamMemberRow.manages
        statement = statement.join(TeamMemberRow, TeamMemberRow.team_id == TeamRow.id).where(*theirs)
    return {row.id: row.name for row in await session.execute(statement)}


async def _known(
    session: AsyncSession, ids: Sequence[int], start: datetime, end: datetime
) -> Mapping[int, tuple[model.Schedule, tuple[model.OnCall, ...]]]:
    found: dict[int, tuple[model.Schedule, tuple[model.OnCall, ...]]] = {}
    for first in range(0, len(ids), AT_ONCE):
        found |= await duties(session, ids[first : first + AT_ONCE], start, end)
    return found


def _told(
    schedule: model.Schedule, found: Sequence[model.OnCall], at: datetime, end: datetime
) -> tuple[Sequence[model.OnCall], Sequence[model.OnCall], Sequence[model.Interval], Sequence[model.OnCall]]:
    now = [one for one in found if one.start_at <= at < one.end_at]
    later = [one for one in found if one.start_at > at]
    after = [one for one in later if one.start_at == later[0].start_at] or model.next_on_call(schedule, after=end)
    covers = model.merged((one.start_at, one.end_at) for one in found)
    return now, after, [*model.uncovered((at, end), covers)], model.away(schedule, at, end)
