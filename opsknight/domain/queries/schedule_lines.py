"""Schedules as people and programs see them: as they were written, and as a time line. Instants are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.queries.calendar_sources import imported_layers
from opsknight.domain.queries.duties import duties
from opsknight.domain.queries.oncall import Shift, shift_line, user_names
from opsknight.domain.queries.schedules import plans
from opsknight.domain.store.tables import (
    LeaveRow,
    OverrideRow,
    ScheduleRow,
    ShiftSwapRow,
    TeamRow,
    TemporaryScheduleRow,
)
from opsknight.errors import NotFound

SWAPS_AT_MOST = 200
_TEMPORARY: Final = ("id", "schedule_id", "name", "start_at", "end_at", "layers", "version")


class ScheduleLine(TypedDict):
    """A schedule in a list."""

    id: int
    name: str
    team_id: int
    team: str
    zone: str
    version: int


class LayerLine(TypedDict):
    """A layer with its own turns, whether others hide them or not."""

    id: int | None
    name: str
    turns: list[Shift]


class Timeline(TypedDict):
    """A schedule from `from_at` to `to_at`: what counts on top (`final`), and what it is made of.

    `gaps` are when nobody is on call, `away` when somebody is who is on leave: pairs and parts within the window.
    """

    schedule_id: int
    schedule: str
    from_at: float
    to_at: float
    final: list[Shift]
    layers: list[LayerLine]
    shadows: list[LayerLine]
    overrides: list[dict[str, Any]]
    temporary: list[dict[str, Any]]
    gaps: list[tuple[float, float]]
    away: list[Shift]


@dataclass(frozen=True, slots=True)
class Document:
    """A schedule as it was written; each layer with its number, and the calendar that it has its shifts from."""

    line: ScheduleLine
    layers: list[dict[str, Any]]
    shadow_layers: list[dict[str, Any]]
    on_leave: str
    country: str
    subdivision: str
    holidays: list[str]


async def schedule_lines(session: AsyncSession) -> Sequence[ScheduleLine]:
    """Return the schedules that there are, in order of name."""
    statement = _lines().order_by(func.lower(ScheduleRow.name), ScheduleRow.id)
    return [_line(row, team) for row, team in await session.execute(statement)]


async def document(session: AsyncSession, schedule_id: int) -> Document:
    """Return a schedule as it was written.

    Raises:
        NotFound: there is no such schedule.
    """
    found = (await session.execute(_lines().where(ScheduleRow.id == schedule_id))).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    row, team = found
    calendars = await imported_layers(session, schedule_id)
    return Document(
        line=_line(row, team),
        layers=[
            {"id": plan.id, "imported": calendars.get(plan.id or 0), **plan.to_json()}
            for plan in await plans(session, schedule_id)
        ],
        shadow_layers=row.shadow_layers,
        on_leave=row.on_leave,
        country=row.country,
        subdivision=row.subdivision,
        holidays=row.holidays,
    )


async def timeline(session: AsyncSession, schedule_id: int, *, start: datetime, end: datetime) -> Timeline:
    """Return a schedule from `start` to `end`, or until it was deleted; what is past as it was recorded.

    Raises:
        NotFound: there is no such schedule, or there was none any more.
    """
    name, end = await _there(session, schedule_id, start, end)
    schedule, found = (await duties(session, [schedule_id], start, end))[schedule_id]
    layers, shadows = model.layers_shown(schedule, start, end), model.shadows(schedule, start, end)
    away = model.away(schedule, start, end)
    turns = [turn for shown in (*layers, *shadows) for turn in shown.turns]
    names = await user_names(session, (*found, *turns, *away))
    covers = model.merged((one.start_at, one.end_at) for one in found)
    return {
        "schedule_id": schedule_id,
        "schedule": name,
        "from_at": start.timestamp(),
        "to_at": end.timestamp(),
        "final": [shift_line(one, names) for one in found],
        "layers": [_shown(one, names) for one in layers],
        "shadows": [_shown(one, names) for one in shadows],
        "overrides": await overrides(session, schedule_id, start=start, end=end),
        "temporary": await temporary_schedules(session, schedule_id, start=start, end=end),
        "gaps": [(a.timestamp(), b.timestamp()) for a, b in model.uncovered((start, end), covers)],
        "away": [shift_line(one, names) for one in away],
    }


async def _there(session: AsyncSession, schedule_id: int, start: datetime, end: datetime) -> tuple[str, datetime]:
    """Return the name of a schedule, and until when of `[start, end)` it is there."""
    named = select(ScheduleRow.name, ScheduleRow.deleted_at).where(ScheduleRow.id == schedule_id)
    row = (await session.execute(named)).one_or_none()
    if row is None or (row.deleted_at is not None and row.deleted_at <= start):
        raise NotFound("There is no such schedule.")
    return row.name, end if row.deleted_at is None else min(end, row.deleted_at)


async def overrides(session: AsyncSession, schedule_id: int, *, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the overrides of a schedule that touch `[start, end)` and were not withdrawn, in order of their making."""
    of = OverrideRow
    statement = select(of).where(of.schedule_id == schedule_id, of.deleted_at.is_(None))
    rows = await session.scalars(statement.where(of.start_at < end, of.end_at > start).order_by(of.id))
    return [override_line(row) for row in rows]


async def override(session: AsyncSession, override_id: int) -> dict[str, Any]:
    """Return one override, withdrawn or not."""
    return override_line(await session.get_one(OverrideRow, override_id))


async def temporary_schedules(
    session: AsyncSession, schedule_id: int, *, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """Return the temporary schedules that touch `[start, end)` and were not withdrawn, in order of their making."""
    of = TemporaryScheduleRow
    statement = select(of).where(of.schedule_id == schedule_id, of.deleted_at.is_(None))
    rows = await session.scalars(statement.where(of.start_at < end, of.end_at > start).order_by(of.id))
    return [_plain(row, *_TEMPORARY) for row in rows]


async def temporary_schedule(session: AsyncSession, temporary_id: int) -> dict[str, Any]:
    """Return one temporary schedule, withdrawn or not."""
    row = await session.get_one(TemporaryScheduleRow, temporary_id)
    return _plain(row, *_TEMPORARY)


async def standing_temporary_schedule(session: AsyncSession, temporary_id: int) -> dict[str, Any]:
    """Return one temporary schedule, over or not.

    Raises:
        NotFound: there is none of that number, or it has been withdrawn.
    """
    row = await session.get(TemporaryScheduleRow, temporary_id)
    if row is None or row.deleted_at is not None:
        raise NotFound("There is no such temporary schedule, or it has been withdrawn.")
    return _plain(row, *_TEMPORARY)


async def swaps(session: AsyncSession, *, at: datetime, user_id: int, every_open: bool = False) -> list[dict[str, Any]]:
    """Return the offers that a person made or may take, the newest first; those that are over too.

    With `every_open`, also what others offer to others, while it is open.
    """
    of = ShiftSwapRow
    mine = or_(of.user_id == user_id, of.taken_by == user_id, of.offered_to == [], of.offered_to.contains([user_id]))
    wanted = or_(mine, and_(of.status == "open", of.expires_at > at)) if every_open else mine
    statement = select(of).where(wanted).order_by(of.id.desc()).limit(SWAPS_AT_MOST)
    return [_swap(row, at) for row in await session.scalars(statement)]


async def swap(session: AsyncSession, swap_id: int, *, at: datetime) -> dict[str, Any]:
    """Return one offer."""
    return _swap(await session.get_one(ShiftSwapRow, swap_id), at)


async def leaves(session: AsyncSession, *, at: datetime) -> list[dict[str, Any]]:
    """Return the leaves that are not over at `at`, in order of their start."""
    of = LeaveRow
    statement = select(of).where(of.deleted_at.is_(None), of.end_at > at).order_by(of.start_at, of.id)
    return [_leave(row) for row in await session.scalars(statement)]


async def leave(session: AsyncSession, leave_id: int) -> dict[str, Any]:
    """Return one leave, withdrawn or not."""
    return _leave(await session.get_one(LeaveRow, leave_id))


async def whose_leave(session: AsyncSession, leave_id: int) -> int | None:
    """Return who is away by a leave, None where there is none."""
    return await session.scalar(select(LeaveRow.user_id).where(LeaveRow.id == leave_id))


def override_line(row: OverrideRow) -> dict[str, Any]:
    """Return an override as it is told."""
    what = _plain(row, "id", "schedule_id", "change", "user_id", "replaces_id", "start_at", "end_at")
    return what | _plain(row, "note", "swap_id", "created_by")


def _swap(row: ShiftSwapRow, at: datetime) -> dict[str, Any]:
    fields = ("id", "schedule_id", "kind", "status", "user_id", "start_at", "end_at", "return_start_at")
    line = _plain(row, *fields, "return_end_at", "offered_to", "note", "expires_at", "taken_by")
    return line | ({"status": "expired"} if row.status == "open" and row.expires_at <= at else {})


def _leave(row: LeaveRow) -> dict[str, Any]:
    return _plain(row, "id", "user_id", "substitute_id", "start_at", "end_at", "note")


def _plain(row: object, *names: str) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {name: said.timestamp() if isinstance(said, datetime) else said for name, said in found.items()}


def _lines() -> Select[ScheduleRow, str]:
    return (
        select(ScheduleRow, TeamRow.name)
        .join(TeamRow, TeamRow.id == ScheduleRow.team_id)
        .where(ScheduleRow.deleted_at.is_(None))
    )


def _line(row: ScheduleRow, team: str) -> ScheduleLine:
    return {
        "id": row.id,
        "name": row.name,
        "team_id": row.team_id,
        "team": team,
        "zone": row.zone,
        "version": row.version,
    }


def _shown(one: model.LayerShown, names: Mapping[int, str]) -> LayerLine:
    turns = [shift_line(turn, names) for turn in one.turns]
    return {"id": one.layer.id, "name": one.layer.name, "turns": turns}
