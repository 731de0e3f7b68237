"""Single integrations, as their own page and API show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import IntegrationRow


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
    ).where(IntegrationRow.id == integration_id)
    row = (await session.execute(wanted)).one_or_none()
    return None if row is None else SecretLine(provider=row[0], is_set=row[1], former_counts=row[2])


async def field_mapping(session: AsyncSession, integration_id: int) -> Mapping[str, object] | None:
    """Return how an integration finds our fields, None where there is no such integration."""
    return await session.scalar(select(IntegrationRow.mapping).where(IntegrationRow.id == integration_id))
