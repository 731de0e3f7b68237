"""Replay of a delivery that was refused: its stored body goes through the door again, as a new delivery."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.ingest import TOO_LARGE
from opsknight.api.plain_json import plain_json
from opsknight.crypto import new_id
from opsknight.deps import Deps, Door
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.replays import announce_replay, not_stored_yet
from opsknight.domain.model.event import Event, Malformed, Unreadable
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.queries.deliveries import StoredDelivery, stored_delivery, stored_events
from opsknight.domain.queries.integrations import Keyed, integration
from opsknight.errors import Conflict, Invalid, NotFound, Unavailable


def router(deps: Deps) -> APIRouter:
    """Serve the replay of single deliveries."""
    routes = APIRouter(
        prefix="/api/v1/integrations/{integration_id}/deliveries",
        tags=["integrations"],
        dependencies=[needs(Need.CONFIGURE)],
    )

    @routes.post("/{delivery_id}/replay")
    async def replay(integration_id: int, delivery_id: UUID, viewer: SignedIn) -> Response:
        """Read a refused delivery again by today's rules; what of it can be read now, and is not stored yet, counts.

        What still cannot be read stays where it is, to be replayed again.
        """
        door = _door(deps)
        async with deps.reading() as session:
            line = await integration(session, integration_id, with_keys=True)
            old = await stored_delivery(session, integration_id, delivery_id)
            stored = await stored_events(session, old.original_id)
        _check(old)
        await deps.catalogue.load()  # what was mended may be the integration itself, a moment ago
        whole = await _read(door, await _known(deps, line), old)
        fresh = not_stored_yet(whole.events, stored, original_id=old.original_id)
        readable = tuple(event for event in fresh if isinstance(event, Event))
        if not readable:
            raise _nothing_to_do(whole, fresh)
        # Two people who press at once read the same state, give the same key, and store it once.
        new = replace(whole, id=new_id(), events=readable, idempotency_key=f"replay:{old.original_id}:{len(stored)}")
        async with deps.commands(viewer.actor) as uow:
            await announce_replay(uow, old, replay_id=new.id, name=line["name"])
        receipt = await door.store_whole(new)
        return plain_json(_told(receipt, left=len(fresh) - len(readable)))

    return routes


def _door(deps: Deps) -> Door:
    if deps.door is None:
        raise Unavailable("This process takes no events, so it cannot replay any; try again.", retry_after_s=2)
    return deps.door


def _check(old: StoredDelivery) -> None:
    if old.status == "accepted":
        raise Conflict("It was understood, and all of it is stored: there is nothing to replay.")
    if old.reason.startswith(TOO_LARGE):
        raise Conflict("It was too large, and only its beginning was kept; have the monitor send it again, in parts.")


async def _known(deps: Deps, line: Keyed) -> Integration:
    known = await deps.catalogue.find(line["key"] or "")
    if known is None and not line["active"]:
        raise Conflict("It is switched off: switch it on first, then replay this.")
    if known is None and line["archived"]:
        raise Conflict("Its service is archived: bring it back under Services first, then replay this.")
    if known is None:
        raise NotFound("There is no such integration; it may have been removed.")
    return known


async def _read(door: Door, known: Integration, old: StoredDelivery) -> Delivery:
    try:
        return await door.read_again(known, old)
    except Malformed as malformed:
        raise Invalid(f"It still cannot be read: {malformed}") from malformed


def _nothing_to_do(whole: Delivery, fresh: list[Event | Unreadable]) -> Invalid | Conflict:
    for event in fresh:
        if isinstance(event, Unreadable):
            return Invalid(f"It still cannot be read: {event.reason}")
    if whole.events:
        return Conflict("All of it is stored already: nothing is counted twice.")
    return Conflict("It can be read now, and nothing in it pages or resolves: there is nothing to store.")


def _told(receipt: Receipt, *, left: int) -> dict[str, object]:
    counted = Counter(str(verdict) for verdict, _ in receipt.verdicts)
    said = ", ".join(f"{count} {verdict}" for verdict, count in counted.items())
    rest = f" {left} of its events still cannot be read." if left else ""
    events = [
        {"verdict": verdict, "incident_id": str(incident_id) if incident_id else None}
        for verdict, incident_id in receipt.verdicts
    ]
    return {
        "sentence": "It was replayed a moment ago." if receipt.duplicate else f"Replayed: {said}.{rest}",
        "delivery_id": str(receipt.delivery_id),
        "duplicate": receipt.duplicate,
        "events": events,
    }
