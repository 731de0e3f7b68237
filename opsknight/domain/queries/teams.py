"""Teams: who belongs to each, who manages it, and what it owns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import (
    EscalationPolicyRow,
    ScheduleRow,
    ServiceRow,
    TeamMemberRow,
    TeamRow,
    UserRow,
)
from opsknight.errors import NotFound

Kind: TypeAlias = Literal["services", "policies", "schedules"]


class MemberLine(TypedDict):
    """One member of a team; who `manages` it is paged when nobody else is reached."""

    id: int
    name: str
    role: str
    active: bool
    manages: bool


class NamedLine(TypedDict):
    """Something by its name."""

    id: int
    name: str


class TeamLine(TypedDict):
    """One team: its managers first among its members, and what it owns, all by name."""

    id: int
    name: str
    members: list[MemberLine]
    services: list[NamedLine]
    policies: list[NamedLine]
    schedules: list[NamedLine]


class PolicyLine(TypedDict):
    """One escalation policy, for choosing one."""

    id: int
    name: str
    team_id: int
    team: str


_OWNED: Mapping[Kind, Any] = {"services": ServiceRow, "policies": EscalationPolicyRow, "schedules": ScheduleRow}
_ONE: Mapping[Kind, str] = {"services": "service", "policies": "escalation policy", "schedules": "schedule"}
_MANY: Mapping[Kind, str] = {
    **_ONE,
    "services": "services",
    "policies": "escalation policies",
    "schedules": "schedules",
}


async def teams(session: AsyncSession, *, only: Collection[int] | None = None) -> Sequence[TeamLine]:
    """Return every team by name, or `only` those of these ids."""
    named = select(TeamRow.id, TeamRow.name).order_by(func.lower(TeamRow.name), TeamRow.id)
    if only is not None:
        named = named.where(TeamRow.id.in_(only))
    found = {
        row.id: TeamLine(id=row.id, name=row.name, members=[], services=[], policies=[], schedules=[])
        for row in await session.execute(named)
    }
    members = (
        select(TeamMemberRow.team_id, TeamMemberRow.manages, UserRow.id, UserRow.name, UserRow.role, UserRow.active)
        .join(UserRow, UserRow.id == TeamMemberRow.user_id)
        .where(TeamMemberRow.team_id.in_(found))
        .order_by(UserRow.active.desc(), TeamMemberRow.manages.desc(), func.lower(UserRow.name), UserRow.id)
    )
    for row in await session.execute(members):
        line = MemberLine(id=row.id, name=row.name, role=row.role, active=row.active, manages=row.manages)
        found[row.team_id]["members"].append(line)
    for kind, table in _OWNED.items():
        owned_by = select(table.team_id, table.id, table.name).where(table.team_id.in_(found), *_live(table))
        for row in await session.execute(owned_by.order_by(func.lower(table.name), table.id)):
            things: list[NamedLine] = found[row.team_id][kind]
            things.append(NamedLine(id=row.id, name=row.name))
    return list(found.values())


async def team(session: AsyncSession, team_id: int) -> TeamLine:
    """Return one team.

    Raises:
        NotFound: there is no such team.
    """
    if not (found := await teams(session, only=[team_id])):
        raise NotFound("There is no such team.")
    return found[0]


async def owned(session: AsyncSession, team_id: int) -> list[str]:
    """Return what a team owns in words, such as `3 services` and `1 schedule`; nothing is left out of the list."""
    words: list[str] = []
    for kind, table in _OWNED.items():
        counted = select(func.count()).where(table.team_id == team_id, *_live(table))
        if count := (await session.execute(counted)).scalar_one():
            words.append(f"{count} {_ONE[kind] if count == 1 else _MANY[kind]}")
        gone = [~live for live in _live(table)]
        if count := await session.scalar(select(func.count()).where(table.team_id == team_id, *gone)):
            how = "archived" if table is ServiceRow else "deleted"
            words.append(f"{count} {how} {_ONE[kind] if count == 1 else _MANY[kind]}, kept for the record")
    return words


def _live(table: Any) -> list[Any]:
    """Return what tells those that are neither deleted nor archived, but kept."""
    return [(table.archived_at if table is ServiceRow else table.deleted_at).is_(None)]


async def policies(session: AsyncSession) -> Sequence[PolicyLine]:
    """Return every escalation policy by name, with its team; none that was deleted."""
    statement = (
        select(
            EscalationPolicyRow.id, EscalationPolicyRow.name, EscalationPolicyRow.team_id, TeamRow.name.label("team")
        )
        .join(TeamRow, TeamRow.id == EscalationPolicyRow.team_id)
        .where(EscalationPolicyRow.deleted_at.is_(None))
        .order_by(func.lower(EscalationPolicyRow.name), EscalationPolicyRow.id)
    )
    return [
        PolicyLine(id=row.id, name=row.name, team_id=row.team_id, team=row.team)
        for row in await session.execute(statement)
    ]
