"""Single integrations, as their own page and API show them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import IntegrationRow


async def field_mapping(session: AsyncSession, integration_id: int) -> Mapping[str, object] | None:
    """Return how an integration finds our fields, None where there is no such integration."""
    return await session.scalar(select(IntegrationRow.mapping).where(IntegrationRow.id == integration_id))
