"""Who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.crypto import sha256
from opsknight.domain.model.permission import Person, Role, TokenBearer
from opsknight.domain.store.tables import ApiTokenRow, SessionRow, TeamMemberRow, UserRow


@dataclass(frozen=True, slots=True)
class ShownToken:
    """The API token that a request came with."""

    id: int
    name: str
    reads_only: bool
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person of a session, or of an API token, who has no session: `session_id` is empty then.

    It is no secret: it is the hash of the browser's cookie.
    """

    id: int
    name: str
    email: str
    role: Role
    zone: str
    team_ids: frozenset[int]
    session_id: bytes
    seen_at: datetime
    token: ShownToken | None = None

    @property
    def actor(self) -> str:
        """The person's name in the ledger."""
        return f"user:{self.id}"

    @property
    def person(self) -> Person:
        """The person as permissions see them; a viewer is always active."""
        return Person(self.id, self.role)

    @property
    def bearer(self) -> Person | TokenBearer:
        """Who asks: the person, or a script with their token."""
        return self.person if self.token is None else TokenBearer(self.person)


async def viewer_of(session: AsyncSession, token: str, *, now: datetime) -> Viewer | None:
    """Return the active person whose session has the cookie `token` and is not over, or None."""
    statement = (
        select(*_person(), SessionRow.id.label("session_id"), SessionRow.seen_at)
        .join(SessionRow, SessionRow.user_id == UserRow.id)
        .where(SessionRow.id == sha256(token), SessionRow.expires_at > now, UserRow.active)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    return _viewer(row, row.session_id, row.seen_at)


async def bearer_of(session: AsyncSession, token: str, *, now: datetime) -> Viewer | None:
    """Return the active person whose API token `token` still counts, or None."""
    statement = (
        select(*_person(), ApiTokenRow)
        .join(ApiTokenRow, ApiTokenRow.user_id == UserRow.id)
        .where(
            ApiTokenRow.token_sha == sha256(token),
            ApiTokenRow.revoked_at.is_(None),
            or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > now),
            UserRow.active,
        )
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    its: ApiTokenRow = row.ApiTokenRow
    return _viewer(row, b"", now, ShownToken(its.id, its.name, its.reads_only, its.used_at))


def _viewer(row: Any, session_id: bytes, seen_at: datetime, token: ShownToken | None = None) -> Viewer:
    teams: list[int] = row.team_ids
    role = Role(row.role)
    return Viewer(row.id, row.name, row.email, role, row.zone, frozenset(teams), session_id, seen_at, token)


def _person() -> tuple[Any, ...]:
    """Return what a viewer is made of, in its order."""
    teams = select(TeamMemberRow.team_id).where(TeamMemberRow.user_id == UserRow.id).scalar_subquery()
    return UserRow.id, UserRow.name, UserRow.email, UserRow.role, UserRow.zone, func.array(teams).label("team_ids")
