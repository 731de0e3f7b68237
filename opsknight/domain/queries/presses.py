"""Who pressed a button or wrote a reply on a channel, and about what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.queries.contact_methods import owners
from opsknight.domain.store.tables import AttemptRow, IncidentRow, NotificationRow


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
