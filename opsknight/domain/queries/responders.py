"""Who is asked about an incident besides its owner: who must acknowledge, and who was asked to help."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.everyone import everyone
from opsknight.domain.queries.people import actor_names
from opsknight.domain.store.tables import IncidentRow, ResponderRow, UserRow


class MustLine(TypedDict):
    """One of those who must acknowledge; `at` is when they did, in epoch seconds, None as long as they have not."""

    user: str
    user_id: int
    at: float | None


class ResponderLine(TypedDict):
    """Somebody who was asked to help; `answer` is asked, accepted or declined. Instants are epoch seconds."""

    user: str
    user_id: int
    answer: str
    note: str
    asked_by: str
    asked_at: float
    answered_at: float | None


class Responders(TypedDict):
    """Who must acknowledge, where everyone must, those who have first; and who was asked to help, newest first."""

    must_acknowledge: list[MustLine]
    responders: list[ResponderLine]


async def responders(session: AsyncSession, incident_id: UUID) -> Responders:
    """Return who is asked about an incident besides its owner."""
    statement = (
        select(ResponderRow, UserRow.name)
        .join(UserRow, UserRow.id == ResponderRow.user_id)
        .where(ResponderRow.incident_id == incident_id)
        .order_by(ResponderRow.asked_at.desc(), ResponderRow.user_id)
    )
    rows = (await session.execute(statement)).all()
    names = await actor_names(session, {row.asked_by for row, _ in rows})
    return Responders(
        must_acknowledge=await _must(session, incident_id),
        responders=[
            ResponderLine(
                user=name,
                user_id=row.user_id,
                answer=row.answer,
                note=row.note,
                asked_by=names[row.asked_by],
                asked_at=row.asked_at.timestamp(),
                answered_at=row.answered_at.timestamp() if row.answered_at else None,
            )
            for row, name in rows
        ],
    )


async def _must(session: AsyncSession, incident_id: UUID) -> list[MustLine]:
    about = select(IncidentRow.must_acknowledge, IncidentRow.generation, IncidentRow.status)
    row = (await session.execute(about.where(IncidentRow.id == incident_id))).one_or_none()
    if row is None or row.must_acknowledge is None:
        return []
    share = everyone(row.must_acknowledge, row.generation)
    found = await session.execute(
        select(UserRow.id, UserRow.name).where(UserRow.id.in_((*share.answered, *share.waiting)))
    )
    names: dict[int, str] = {each.id: each.name for each in found}
    has = [MustLine(user=names[user], user_id=user, at=_seconds(at)) for user, at in share.answered.items()]
    waiting = share.waiting if row.status == "open" else ()
    return has + [MustLine(user=names[user], user_id=user, at=None) for user in waiting]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
