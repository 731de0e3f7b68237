"""What became of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Outcome:
    """One delivery with the first of its events, whose fields are None where it has none.

    `number` is that of the incident which the event belongs to.
    """

    integration_id: int
    received_at: datetime
    body: bytes
    reason: str
    action: str | None
    verdict: str | None
    dedup_key: str | None
    alert_id: UUID | None
    number: int | None


_OUTCOME = text("""
    SELECT d.integration_id, d.received_at, d.body, d.reason, e.action, e.verdict, e.dedup_key, e.alert_id, i.number
    FROM deliveries d
    LEFT JOIN events e ON e.delivery_id = d.id AND e.ordinal = 0
    LEFT JOIN incidents i ON i.id = e.incident_id
    WHERE d.id = :id
""")


async def outcome(session: AsyncSession, delivery_id: UUID) -> Outcome | None:
    """Return what became of a delivery, None where there is none, or where it was removed after its retention."""
    row = (await session.execute(_OUTCOME, {"id": delivery_id})).first()
    return None if row is None else Outcome(*row)
