"""Messages that a provider took and of which nobody knows yet whether their person saw them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# What the index of providers' names leaves out is said in full, so that it is found by it.
_UNSEEN: Final = text("""
    SELECT n.id, a.provider_id FROM attempts a JOIN notifications n ON n.id = a.notification_id
    WHERE a.carrier = :carrier AND a.provider_id <> '' AND a.carrier NOT IN ('', 'smtp', 'push')
        AND a.started_at > :since AND n.status IN ('accepted', 'delivered')
    ORDER BY a.started_at DESC LIMIT :most
""")


async def unseen(session: AsyncSession, carrier: str, *, since: datetime, limit: int) -> Sequence[tuple[UUID, str]]:
    """Return what `carrier` took after `since` and is not seen, with its own name for each; the newest first."""
    found = await session.execute(_UNSEEN, {"carrier": carrier, "since": since, "most": limit})
    return [(row.id, row.provider_id) for row in found]
