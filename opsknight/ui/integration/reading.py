"""What the page of an integration reads; each function opens one short read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from opsknight.domain.model.event import Event, Malformed, Unreadable
from opsknight.domain.queries.deliveries import (
    DeliveryLine,
    StoredDelivery,
    last_bodies,
    last_deliveries,
    newest_at,
    stored_delivery,
)
from opsknight.domain.queries.integrations import Keyed, Refused, integration, refused_since
from opsknight.domain.queries.traffic import Hour, hours
from opsknight.ui.integration.payload import Sample
from opsknight.ui.integration.previews import Become, Becoming

if TYPE_CHECKING:
    from opsknight.deps import Deps

MORE: Final = 200
"""Characters of tags, and of links, that a preview shows."""


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


async def read_refused(deps: Deps, integration_id: int) -> Refused | None:
    """Return what came for an integration that takes nothing, since it takes nothing."""
    async with deps.reading() as session:
        return await refused_since(session, integration_id)


async def read_traffic(deps: Deps, integration_id: int) -> Sequence[Hour]:
    """Return how much an integration received in each of the last 24 hours."""
    async with deps.reading() as session:
        return await hours(session, integration_id, now=deps.clock.now())


async def read_samples(deps: Deps, integration_id: int, key: str) -> Sequence[Sample]:
    """Return the last deliveries, without the large ones, each with what a field mapping is applied to in it."""
    async with deps.reading() as session:
        received = await last_bodies(session, integration_id)
    known, door = await deps.catalogue.find(key), deps.door
    if known is None or door is None:
        return []
    return [Sample(one, await door.seen(known, one)) for one in received]


async def become(deps: Deps, key: str, mapping: Mapping[str, object], received: Sequence[Sample]) -> Sequence[Become]:
    """Return what each of `received` would become by `mapping`, if it came now; nothing is stored."""
    known = await deps.catalogue.find(key)
    if known is None or deps.door is None:
        return []
    known, door, found = replace(known, mapping=mapping), deps.door, list[Become]()
    for one in received:
        at = one.stored.received_at.timestamp()
        try:
            whole = await door.read_again(known, one.stored)
        except Malformed as malformed:
            found.append(Become(at, (), str(malformed)))
        else:
            found.append(Become(at, [_said(event) for event in whole.events]))
    return found


async def read_body(deps: Deps, integration_id: int, delivery_id: str) -> StoredDelivery:
    """Return a delivery with its raw body.

    Raises:
        NotFound: there is none, or its retention is over.
    """
    async with deps.reading() as session:
        return await stored_delivery(session, integration_id, UUID(delivery_id))


def _said(event: Event | Unreadable) -> Becoming:
    if isinstance(event, Unreadable):
        return Becoming("unreadable", "", event.reason)
    of = " · ".join(part for part in (event.source, event.component) if part)
    tags = ", ".join(f"{name}={value}" for name, value in event.tags.items())
    links = ", ".join(link.text or link.href for link in event.links)
    told = ((of, ""), (tags, "tags "), (links, "links "))
    more = "; ".join(f"{what}{words[:MORE]}" for words, what in told if words)
    return Becoming(event.action, event.severity, event.title, event.dedup_key, more)
