"""What the page of an integration reads; each function opens one short read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from opsknight.domain.queries.deliveries import (
    DeliveryLine,
    StoredDelivery,
    last_deliveries,
    newest_at,
    stored_delivery,
)
from opsknight.domain.queries.integrations import Keyed, integration
from opsknight.domain.queries.traffic import Hour, hours

if TYPE_CHECKING:
    from opsknight.deps import Deps


@dataclass(slots=True)
class Received:
    """What an integration received lately, newest first; `newest_at` tells whether there is more since."""

    newest_at: datetime | None = None
    deliveries: Sequence[DeliveryLine] = field(default_factory=tuple[DeliveryLine, ...])


async def read_integration(deps: Deps, integration_id: int, *, with_keys: bool) -> Keyed:
    """Return an integration; its keys only `with_keys`.

    Raises:
        NotFound: there is none.
    """
    async with deps.reading() as session:
        return await integration(session, integration_id, with_keys=with_keys)


async def read_received(
    deps: Deps, integration_id: int, *, refused: bool = False, known: Received | None = None
) -> Received:
    """Return the last deliveries, with `refused` only the refused ones; `known` itself where nothing came since."""
    async with deps.reading() as session:
        newest = await newest_at(session, integration_id)
        if known is not None and known.newest_at == newest:
            return known
        return Received(newest, await last_deliveries(session, integration_id, refused=refused))


async def read_traffic(deps: Deps, integration_id: int) -> Sequence[Hour]:
    """Return how much an integration received in each of the last 24 hours."""
    async with deps.reading() as session:
        return await hours(session, integration_id, now=deps.clock.now())


async def read_body(deps: Deps, integration_id: int, delivery_id: str) -> StoredDelivery:
    """Return a delivery with its raw body.

    Raises:
        NotFound: there is none, or its retention is over.
    """
    async with deps.reading() as session:
        return await stored_delivery(session, integration_id, UUID(delivery_id))
