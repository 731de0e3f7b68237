"""Who is on call, per schedule, and when it is somebody's turn again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.queries.escalations import schedules
from opsknight.domain.store.tables import LayerMemberRow, LayerRow, ScheduleRow, UserRow


class Duty(TypedDict):
    """One person's duty now; a schedule in a gap has one without a user. `until` is in epoch seconds."""

    schedule: str
    schedule_id: int
    user: str | None
    user_id: int | None
    layer: str | None
    until: float | None
    you: bool


NextShift = TypedDict("NextShift", {"schedule": str, "schedule_id": int, "from": float, "to": float})
"""Somebody's next time on call, in epoch seconds."""


async def on_call_now(session: AsyncSession, *, at: datetime, you: int | None = None) -> Sequence[Duty]:
    """Return who is on call at `at`, schedule by schedule in order of name; gaps included.

    `you` marks the duties of that person.
    """
    ids = (await session.execute(select(ScheduleRow.id).order_by(func.lower(ScheduleRow.name)))).scalars().all()
    known = await schedules(session, ids)
    found = [(known[schedule_id], model.on_call(known[schedule_id], at)) for schedule_id in ids if schedule_id in known]
    names = await _names(session, {shift.user_id for _, shifts in found for shift in shifts})
    return [_duty(schedule, shift, names, you=you) for schedule, shifts in found for shift in (shifts or (None,))]


async def next_shift_of(session: AsyncSession, user_id: int, *, after: datetime) -> NextShift | None:
    """Return the first time on call of a person that begins after `after`, over all schedules."""
    statement = (
        select(LayerRow.schedule_id)
        .join(LayerMemberRow, LayerMemberRow.layer_id == LayerRow.id)
        .where(LayerMemberRow.user_id == user_id)
        .distinct()
    )
    known = await schedules(session, (await session.execute(statement)).scalars().all())
    candidates = [
        (shift, schedule)
        for schedule in known.values()
        if (shift := model.next_shift(schedule, user_id, after=after)) is not None
    ]
    if not candidates:
        return None
    shift, schedule = min(candidates, key=lambda pair: pair[0])
    return {
        "schedule": schedule.name,
        "schedule_id": schedule.id or 0,
        "from": shift.start_at.timestamp(),
        "to": shift.end_at.timestamp(),
    }


def _duty(schedule: model.Schedule, shift: model.OnCall | None, names: dict[int, str], *, you: int | None) -> Duty:
    return {
        "schedule": schedule.name,
        "schedule_id": schedule.id or 0,
        "user": None if shift is None else names.get(shift.user_id),
        "user_id": None if shift is None else shift.user_id,
        "layer": None if shift is None else shift.layer,
        "until": None if shift is None else shift.end_at.timestamp(),
        "you": shift is not None and shift.user_id == you,
    }


async def _names(session: AsyncSession, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = await session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))
    return {row.id: row.name for row in rows}
