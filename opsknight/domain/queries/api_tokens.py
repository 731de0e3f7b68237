"""API tokens: whose there are, what each may do, and whether anything uses it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import ApiTokenRow, UserRow


class TokenLine(TypedDict):
    """One token that still counts. Instants are epoch seconds; `used_by` is how what used it last calls itself."""

    id: int
    name: str
    reads_only: bool
    user_id: int
    user: str
    yours: bool
    created_at: float
    expires_at: float | None
    used_at: float | None
    used_by: str


async def tokens(session: AsyncSession, *, you: int, everybody: bool, at: datetime) -> Sequence[TokenLine]:
    """Return your tokens that still count, the newest first; with `everybody` those of all people."""
    statement = (
        select(ApiTokenRow, UserRow.name)
        .join(UserRow, UserRow.id == ApiTokenRow.user_id)
        .where(
            ApiTokenRow.revoked_at.is_(None),
            or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > at),
            true() if everybody else ApiTokenRow.user_id == you,
        )
        .order_by(ApiTokenRow.id.desc())
        .limit(1000)
    )
    return [_line(row, user, you=you) for row, user in await session.execute(statement)]


def _line(row: ApiTokenRow, user: str, *, you: int) -> TokenLine:
    return TokenLine(
        id=row.id,
        name=row.name,
        reads_only=row.reads_only,
        user_id=row.user_id,
        user=user,
        yours=row.user_id == you,
        created_at=row.created_at.timestamp(),
        expires_at=row.expires_at.timestamp() if row.expires_at else None,
        used_at=row.used_at.timestamp() if row.used_at else None,
        used_by=row.used_by,
    )
