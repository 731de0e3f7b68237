"""Whose phone answered, and what was told on it lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import IncidentRow, NotificationRow

LATELY: Final = timedelta(hours=24)
"""What was told longer ago is not what an answer without a number is about."""
MANY: Final = 200

# A text that went together with others is one message: its carrier's.
_TOLD: Final = text("""
    SELECT n.id, n.user_id, n.incident_id, i.number, i.title, i.status, coalesce(n.bundled_into, n.id) AS message
    FROM contact_methods m
    JOIN notifications n ON n.contact_method_id = m.id AND n.channel = m.channel AND n.id > :since
        AND n.channel IN ('sms', 'voice', 'whatsapp') AND (n.attempts > 0 OR n.status = 'bundled')
    JOIN incidents i ON i.id = n.incident_id
    WHERE m.channel = :channel AND m.address = :number AND m.verified_at IS NOT NULL
    ORDER BY n.id DESC LIMIT :many
""")

_DRILLED: Final = text("""
    SELECT n.id, n.user_id, p.acknowledged_at IS NULL AND d.ended_at IS NULL AND d.ends_at > :now AS asks
    FROM contact_methods m
    JOIN notifications n ON n.contact_method_id = m.id AND n.channel = m.channel AND n.id > :since
        AND n.channel IN ('sms', 'voice', 'whatsapp') AND n.attempts > 0
    JOIN drill_people p ON p.page_id = n.page_id
    JOIN drills d ON d.id = p.drill_id
    WHERE m.channel = :channel AND m.address = :number AND m.verified_at IS NOT NULL
    ORDER BY n.id DESC LIMIT :many
""")


@dataclass(frozen=True, slots=True)
class Told:
    """One incident that a phone was told of; several have the same `message` where they went together."""

    notification_id: UUID
    user_id: int
    incident_id: UUID
    number: int
    title: str
    status: str
    message: UUID


@dataclass(frozen=True, slots=True)
class Drilled:
    """One message of a drill that a phone was sent; `asks` says that the drill still waits for its answer."""

    notification_id: UUID
    user_id: int
    asks: bool


async def told_lately(session: AsyncSession, *, channel: str, number: str, now: datetime) -> Sequence[Told]:
    """Return what the number was told LATELY on the channel, newest first."""
    key = {"channel": channel, "number": number, "since": _since(now), "many": MANY}
    return [Told(*row) for row in await session.execute(_TOLD, key)]


async def drilled_lately(session: AsyncSession, *, channel: str, number: str, now: datetime) -> Sequence[Drilled]:
    """Return the messages of drills that went to the number LATELY on the channel, newest first."""
    key = {"channel": channel, "number": number, "since": _since(now), "now": now, "many": MANY}
    return [Drilled(*row) for row in await session.execute(_DRILLED, key)]


async def incident_of(session: AsyncSession, number: int) -> UUID | None:
    """Return the incident of this number, None where there is none."""
    return (await session.execute(select(IncidentRow.id).where(IncidentRow.number == number))).scalar_one_or_none()


async def under_way(session: AsyncSession, notification_id: UUID) -> bool:
    """Say whether a message is being sent, so that what its provider answered is not written yet."""
    row = await session.get(NotificationRow, notification_id)
    return row is not None and row.status == "sending"


def _since(now: datetime) -> UUID:
    """Return the least name of what was made LATELY."""
    return UUID(int=int((now - LATELY).timestamp() * 1000) << 80)
