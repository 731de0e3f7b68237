"""When the engine must look again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.claims import ARMED

_NEXT = text(f"SELECT min(due_at) FROM timers WHERE dead_at IS NULL AND lease_until IS NULL AND {ARMED}")  # noqa: S608


async def next_due_at(session: AsyncSession) -> datetime | None:
    """Return when the next timer that nobody holds is due, None when none is armed or nothing is claimed here."""
    return (await session.execute(_NEXT)).scalar_one()
