"""Whether this is a restored copy that nobody has armed, and what waits in it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.restored import Waiting
from opsknight.domain.store.claims import ARMED, LIVE_WORKERS

_ARMED: Final = text(f"SELECT {ARMED}")
_WORKED_ON: Final = text(f"SELECT EXISTS ({LIVE_WORKERS})")
_WAITING: Final = text("""
    SELECT kind, count(*), min(due_at) FROM (
        SELECT kind, due_at FROM timers WHERE dead_at IS NULL AND due_at <= :now
        UNION ALL
        SELECT 'notification', due_at FROM notifications
        WHERE finished_at IS NULL AND attempts = 0 AND due_at <= :now AND status IN ('queued', 'sending', 'ambiguous')
        UNION ALL
        SELECT 'notification', due_at FROM notifications
        WHERE finished_at IS NULL AND attempts > 0 AND due_at <= :now AND status IN ('queued', 'sending', 'ambiguous')
    ) due GROUP BY kind ORDER BY kind
""")


async def is_armed(session: AsyncSession) -> bool:
    """Say whether people are paged: this is no restored copy, or somebody has armed it."""
    return bool((await session.execute(_ARMED)).scalar_one())


async def is_worked_on(session: AsyncSession) -> bool:
    """Say whether any process runs that pages people, on this machine or another."""
    return bool((await session.execute(_WORKED_ON)).scalar_one())


async def waiting(session: AsyncSession, *, now: datetime) -> Waiting | None:
    """Return what has fallen due in a copy that pages nobody yet; None where people are paged."""
    if await is_armed(session):
        return None
    rows = (await session.execute(_WAITING, {"now": now})).all()
    counts = {kind: count for kind, count, _ in rows}
    return Waiting(counts, min((oldest for _, _, oldest in rows), default=None))
