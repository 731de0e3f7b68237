"""Who pressed a button or wrote a reply on a channel, and about what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.queries.contact_methods import owners
from opsknight.domain.store.tables import AttemptRow, IncidentRow, NotificationRow

# What waits for an acknowledge, each incident once: a person may have had two pages of one.
_TOGETHER: Final = text("""
    SELECT incident_id, generation, user_id, sent_at, number FROM (
        SELECT DISTINCT ON (i.id) n.incident_id, n.generation, n.user_id, i.number, i.severity, coalesce(
            (SELECT max(started_at) FROM attempts WHERE notification_id = carrier.id), carrier.created_at) AS sent_at
        FROM notifications carrier
        JOIN notifications n ON n.id = carrier.id OR n.bundled_into = carrier.id
        JOIN pages p ON p.id = n.page_id AND p.kind IN ('page', 'assigned', 'safety_net', 'still_on_it')
        JOIN incidents i ON i.id = n.incident_id
        WHERE carrier.id = :id AND n.user_id = carrier.user_id
        ORDER BY i.id, n.generation DESC) told
    ORDER BY array_position(ARRAY['critical', 'error', 'warning', 'info'], severity), number
""")


@dataclass(frozen=True, slots=True)
class About:
    """What a message was about, an incident in a generation or none, and when it was last sent."""

    incident_id: UUID | None
    generation: int
    user_id: int | None
    sent_at: datetime
    number: int | None = None


async def whose(session: AsyncSession, channel: str, address: str) -> int | None:
    """Return the active person who has verified `address` on `channel`, None unless it is just one."""
    found = set(await owners(session, channel=channel, address=address))
    return found.pop() if len(found) == 1 else None


async def about(session: AsyncSession, notification_id: UUID) -> About | None:
    """Return what the message was about, None where there is none of that name."""
    handed_over = select(func.max(AttemptRow.started_at)).where(AttemptRow.notification_id == notification_id)
    statement = (
        select(
            NotificationRow.incident_id,
            NotificationRow.generation,
            NotificationRow.user_id,
            func.coalesce(handed_over.scalar_subquery(), NotificationRow.created_at),
            IncidentRow.number,
        )
        .outerjoin(IncidentRow, IncidentRow.id == NotificationRow.incident_id)
        .where(NotificationRow.id == notification_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else About(*row)


async def together(session: AsyncSession, notification_id: UUID) -> Sequence[About]:
    """Return all that one message told its person of and that waits for an acknowledge, worst first."""
    return [About(*row) for row in await session.execute(_TOGETHER, {"id": notification_id})]
