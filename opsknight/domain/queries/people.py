"""People, and the names of whoever did something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.ledger import OPSKNIGHT
from opsknight.domain.model.person import ENGLISH, reach
from opsknight.domain.queries.contact_methods import every_method
from opsknight.domain.store.tables import HeartbeatRow, IntegrationRow, ServiceRow, UserRow
from opsknight.errors import Invalid

NOBODY = "Nobody"
_HEARTBEAT: Final = "heartbeat:"


class PersonLine(TypedDict):
    """One person as lists show them; `reachable` says that a page gets through to them."""

    id: int
    name: str
    role: str
    active: bool
    reachable: bool


async def people(session: AsyncSession, *, at: datetime, unset: Collection[str] = ()) -> Sequence[PersonLine]:
    """Return everybody by name, the deactivated last; `unset` are the channels that are not set up."""
    methods = await every_method(session, at=at, unset=unset)
    statement = select(UserRow.id, UserRow.name, UserRow.role, UserRow.active).order_by(
        UserRow.active.desc(), func.lower(UserRow.name), UserRow.id
    )
    return [
        PersonLine(
            id=row.id,
            name=row.name,
            role=row.role,
            active=row.active,
            reachable=reach(methods.get(row.id, ()), active=row.active).reachable,
        )
        for row in await session.execute(statement)
    ]


async def name_of(session: AsyncSession, user_id: int | None) -> str:
    """Return a person's name; NOBODY for None or an unknown one."""
    if user_id is None:
        return NOBODY
    found = await session.execute(select(UserRow.name).where(UserRow.id == user_id))
    return found.scalar_one_or_none() or NOBODY


async def language_of(session: AsyncSession, user_id: int) -> str:
    """Return the language that a person reads."""
    found = await session.execute(select(UserRow.language).where(UserRow.id == user_id))
    return found.scalar_one_or_none() or ENGLISH


async def active_name(session: AsyncSession, user_id: int) -> str:
    """Return the name of somebody who may be paged.

    Raises:
        Invalid: there is no such person, or their account is deactivated.
    """
    row = (await session.execute(select(UserRow.name, UserRow.active).where(UserRow.id == user_id))).one_or_none()
    if row is None:
        raise Invalid("There is no such person; choose one from the list.")
    if not row.active:
        raise Invalid(f"{row.name} cannot be paged: the account is deactivated. Choose somebody else.")
    return row.name


async def actor_names(session: AsyncSession, actors: Collection[str]) -> Mapping[str, str]:
    """Return how each actor is called: `user:3` by name, an integration or heartbeat by its own, others OpsKnight."""
    ids: dict[str, set[int]] = {"user": set(), "integration": set()}
    for actor in actors:
        kind, _, number = actor.partition(":")
        if kind in ids and number.isdigit():
            ids[kind].add(int(number))
    names = dict.fromkeys(actors, OPSKNIGHT)
    if ids["user"]:
        rows = await session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids["user"])))
        names |= {f"user:{row.id}": row.name for row in rows}
    if ids["integration"]:
        statement = (
            select(IntegrationRow.id, IntegrationRow.name, ServiceRow.name.label("service"))
            .join(ServiceRow, ServiceRow.id == IntegrationRow.service_id)
            .where(IntegrationRow.id.in_(ids["integration"]))
        )
        names |= {f"integration:{row.id}": row.name or row.service for row in await session.execute(statement)}
    if beats := [actor.removeprefix(_HEARTBEAT) for actor in actors if actor.startswith(_HEARTBEAT)]:
        rows = await session.execute(
            select(HeartbeatRow.id, HeartbeatRow.name).where(HeartbeatRow.id.in_([UUID(beat) for beat in beats]))
        )
        names |= {f"{_HEARTBEAT}{row.id}": row.name for row in rows}
    return names
