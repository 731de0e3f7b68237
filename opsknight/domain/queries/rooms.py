"""Rooms: addresses of teams that many read. A step of a policy may post there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.channel import room_name
from opsknight.domain.model.paging import ContactMethod
from opsknight.domain.store.tables import ContactMethodRow, TeamRow


@dataclass(frozen=True, slots=True)
class Room:
    """A room as a step needs it: how it is called, and whether anything may be posted there."""

    id: int
    name: str
    method: ContactMethod


class RoomLine(TypedDict):
    """A room as people see it. `last_proof_at` is when it last took a message; instants are epoch seconds."""

    id: int
    team_id: int
    team: str
    channel: str
    name: str
    verified_at: float | None
    disabled_at: float | None
    disabled_reason: str


def called(row: ContactMethodRow) -> str:
    """Return how a room is called: `ops in Slack`."""
    return room_name(row.channel, label=row.label, address=row.address)


async def rooms(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Room]:
    """Return these rooms."""
    if not ids:
        return {}
    found = select(ContactMethodRow).where(ContactMethodRow.id.in_(ids), ContactMethodRow.user_id.is_(None))
    return {row.id: _room(row) for row in (await session.execute(found)).scalars()}


async def room_lines(session: AsyncSession, *, team_id: int | None = None) -> Sequence[RoomLine]:
    """Return the rooms of a team, or of all teams, by team and name."""
    found = (
        select(ContactMethodRow, TeamRow.name)
        .join(TeamRow, TeamRow.id == ContactMethodRow.team_id)
        .where(ContactMethodRow.user_id.is_(None))
        .order_by(TeamRow.name, ContactMethodRow.channel, ContactMethodRow.label, ContactMethodRow.id)
    )
    if team_id is not None:
        found = found.where(ContactMethodRow.team_id == team_id)
    return [_line(row, team) for row, team in await session.execute(found)]


def _room(row: ContactMethodRow) -> Room:
    method = ContactMethod(
        row.id, row.channel, verified=row.verified_at is not None, disabled=row.disabled_at is not None
    )
    return Room(row.id, called(row), method)


def _line(row: ContactMethodRow, team: str) -> RoomLine:
    return RoomLine(
        id=row.id,
        team_id=row.team_id or 0,
        team=team,
        channel=row.channel,
        name=called(row),
        verified_at=_epoch(row.verified_at),
        disabled_at=_epoch(row.disabled_at),
        disabled_reason=row.disabled_reason,
    )


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
