"""What became of a delivery, and which alert a sender means by a name that we gave it."""

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
_BY_ID = text("""
    SELECT dedup_key, status FROM alerts
    WHERE id = :id AND service_id = :service_id AND starts_with(dedup_key, :scope)
""")
_BY_NUMBER = text("""
    SELECT a.dedup_key, a.status FROM alerts a JOIN incidents i ON i.id = a.incident_id
    WHERE i.number = :number AND a.service_id = :service_id AND starts_with(a.dedup_key, :scope)
    ORDER BY a.status, a.id DESC LIMIT 1
""")


async def outcome(session: AsyncSession, delivery_id: UUID) -> Outcome | None:
    """Return what became of a delivery, None where there is none, or where it was removed after its retention."""
    row = (await session.execute(_OUTCOME, {"id": delivery_id})).first()
    return None if row is None else Outcome(*row)


async def open_key(
    session: AsyncSession, *, service_id: int, provider: str, alert_id: UUID | None = None, number: int | None = None
) -> str | None:
    """Return the provider's own key of an open alert by its id or its incident's number; None where none is open."""
    scope = f"{provider}:"
    values = {"service_id": service_id, "scope": scope}
    if alert_id is not None:
        found = (await session.execute(_BY_ID, values | {"id": alert_id})).first()
    else:
        found = (await session.execute(_BY_NUMBER, values | {"number": number})).first()
    return found.dedup_key.removeprefix(scope) if found is not None and found.status == "open" else None
