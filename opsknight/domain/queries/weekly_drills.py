"""The drill that comes by itself."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.drill import about_of
from opsknight.domain.model.weekly import Weekly, following, words
from opsknight.domain.store.tables import ScheduleRow, WeeklyDrillRow


class WeeklyLine(TypedDict):
    """When a drill comes, in words too, of whom, and the next time in epoch seconds."""

    weekday: int
    hour: int
    zone: str
    schedule_id: int | None
    words: str
    about: str
    next_at: float


async def weekly(session: AsyncSession, *, now: datetime) -> WeeklyLine | None:
    """Return when a drill comes by itself, None where none does."""
    statement = select(WeeklyDrillRow, ScheduleRow.name).outerjoin(
        ScheduleRow, ScheduleRow.id == WeeklyDrillRow.schedule_id
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    row, name = found
    when = Weekly(row.weekday, row.hour, row.zone)
    return WeeklyLine(
        weekday=row.weekday,
        hour=row.hour,
        zone=row.zone,
        schedule_id=row.schedule_id,
        words=words(when),
        about=about_of(name),
        next_at=following(when, now=now).timestamp(),
    )
