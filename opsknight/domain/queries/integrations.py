"""Single integrations, as their own page and API show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import IntegrationRow, ServiceRow
from opsknight.errors import NotFound

_REFUSED = text("""
    SELECT times, extract(epoch FROM last_at)::float8 AS last_at FROM archived_uses WHERE source = :source
""")
_OPEN = text("SELECT count(*) FROM alerts WHERE status = 'open' AND integration_id = :id")


class Keyed(TypedDict):
    """One integration; the keys are None for whoever may not see them, the former one also where there is none.

    `has_secret` says that only what its monitor signed is taken; nothing is while it is not `active`, or its
    service is `archived`.
    """

    id: int
    provider: str
    name: str
    service_id: int
    service: str
    team_id: int
    key: str | None
    former_key: str | None
    has_secret: bool
    active: bool
    archived: bool
    mapping: Mapping[str, object]


async def integration(session: AsyncSession, integration_id: int, *, with_keys: bool) -> Keyed:
    """Return an integration with its service, switched off or not; its keys only `with_keys`.

    Raises:
        NotFound: there is none, or it was removed.
    """
    statement = (
        select(IntegrationRow, ServiceRow.name, ServiceRow.team_id, ServiceRow.archived_at)
        .join(ServiceRow, ServiceRow.id == IntegrationRow.service_id)
        .where(IntegrationRow.id == integration_id, IntegrationRow.removed_at.is_(None))
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound("There is no such integration; it may have been removed.")
    row, service, team_id, archived_at = found
    return Keyed(
        id=row.id,
        provider=row.provider,
        name=row.name,
        service_id=row.service_id,
        service=service,
        team_id=team_id,
        key=row.key if with_keys else None,
        former_key=row.former_key if with_keys else None,
        has_secret=bool(row.secret),
        active=row.active,
        archived=archived_at is not None,
        mapping=row.mapping,
    )


class Refused(TypedDict):
    """What came with a key of an integration since it was switched off, or its service archived."""

    times: int
    last_at: float


async def refused_since(session: AsyncSession, integration_id: int) -> Refused | None:
    """Return what is refused of an integration that takes nothing; None where nothing came."""
    row = (await session.execute(_REFUSED, {"source": f"integration:{integration_id}"})).one_or_none()
    return None if row is None else Refused(times=row.times, last_at=row.last_at)


async def open_alerts(session: AsyncSession, integration_id: int) -> int:
    """Return how many alerts that an integration sent are open."""
    return await session.scalar(_OPEN, {"id": integration_id}) or 0


class SecretLine(TypedDict):
    """What may be said of an integration's secrets: whether there is one, and whether the former counts as well."""

    provider: str
    is_set: bool
    former_counts: bool


async def secret(session: AsyncSession, integration_id: int) -> SecretLine | None:
    """Return what may be said of an integration's secrets, None where there is no such integration."""
    wanted = select(
        IntegrationRow.provider,
        (IntegrationRow.secret != "").label("is_set"),
        (IntegrationRow.former_secret != "").label("former_counts"),
    ).where(IntegrationRow.id == integration_id, IntegrationRow.removed_at.is_(None))
    row = (await session.execute(wanted)).one_or_none()
    return None if row is None else SecretLine(provider=row[0], is_set=row[1], former_counts=row[2])


async def field_mapping(session: AsyncSession, integration_id: int) -> Mapping[str, object] | None:
    """Return how an integration finds our fields, None where there is no such integration."""
    there = IntegrationRow.id == integration_id, IntegrationRow.removed_at.is_(None)
    return await session.scalar(select(IntegrationRow.mapping).where(*there))
