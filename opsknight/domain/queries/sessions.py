"""Who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.crypto import sha256
from opsknight.domain.model.permission import Person, Role
from opsknight.domain.store.tables import SessionRow, TeamMemberRow, UserRow


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person of a session. `session_id` is no secret: it is the hash of the browser's cookie."""

    id: int
    name: str
    email: str
    role: Role
    zone: str
    team_ids: frozenset[int]
    session_id: bytes
    seen_at: datetime

    @property
    def actor(self) -> str:
        """The person's name in the ledger."""
        return f"user:{self.id}"

    @property
    def person(self) -> Person:
        """The person as permissions see them; a viewer is always active."""
        return Person(self.id, self.role)


async def viewer_of(session: AsyncSession, token: str, *, now: datetime) -> Viewer | None:
    """Return the active person whose session has the cookie `token` and is not over, or None."""
    teams = select(TeamMemberRow.team_id).where(TeamMemberRow.user_id == UserRow.id).scalar_subquery()
    statement = (
        select(
            UserRow.id,
            UserRow.name,
            UserRow.email,
            UserRow.role,
            UserRow.zone,
            func.array(teams),
            SessionRow.id.label("session_id"),
            SessionRow.seen_at,
        )
        .join(SessionRow, SessionRow.user_id == UserRow.id)
        .where(SessionRow.id == sha256(token), SessionRow.expires_at > now, UserRow.active)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    return Viewer(row.id, row.name, row.email, Role(row.role), row.zone, frozenset(row[5]), row.session_id, row.seen_at)
