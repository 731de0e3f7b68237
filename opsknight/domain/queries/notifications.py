"""When the sender must look again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_NEXT = text("""
    SELECT min(due_at) FROM notifications
    WHERE channel = :channel AND urgency = ANY(:urgencies) AND status IN ('queued', 'sending', 'ambiguous')
        AND finished_at IS NULL AND lease_until IS NULL
""")


async def next_due_at(session: AsyncSession, *, channel: str) -> datetime | None:
    """Return when the next message that nobody holds is due on `channel`, None when none waits."""
    return (await session.execute(_NEXT, {"channel": channel, "urgencies": ["high", "low"]})).scalar_one()
