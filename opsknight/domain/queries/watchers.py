"""Who watches an incident."""

from __future__ import annotations

from typing import TypedDict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import UserRow, WatcherRow


class WatcherLine(TypedDict):
    """Somebody who is kept informed; `since` in epoch seconds."""

    user: str
    user_id: int
    since: float


async def watchers(session: AsyncSession, incident_id: UUID) -> list[WatcherLine]:
    """Return who watches an incident, in order of name."""
    statement = (
        select(UserRow.name, UserRow.id, WatcherRow.began_at)
        .join(WatcherRow, WatcherRow.user_id == UserRow.id)
        .where(WatcherRow.incident_id == incident_id)
        .order_by(func.lower(UserRow.name), UserRow.id)
    )
    return [
        WatcherLine(user=row.name, user_id=row.id, since=row.began_at.timestamp())
        for row in await session.execute(statement)
    ]
