"""A test event of an integration: what its monitor would send, from a person who is signed in instead."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.crypto import new_id
from opsknight.deps import Deps
from opsknight.domain.commands.trying import announce_test
from opsknight.domain.model.event import Malformed
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.domain.queries.integrations import integration
from opsknight.errors import Conflict, Invalid, Unavailable

Payload: TypeAlias = dict[str, Any]


def router(deps: Deps) -> APIRouter:
    """Serve the test events of integrations."""
    routes = APIRouter(prefix="/api/v1/integrations", tags=["integrations"], dependencies=[needs(Need.CONFIGURE)])

    @routes.post("/{integration_id}/test-event")
    async def send(integration_id: int, event: Payload, viewer: SignedIn) -> Response:
        """Take an event as from the integration's monitor. Nothing is signed: who may set its secret may send one."""
        if deps.door is None:
            raise Unavailable("This process takes no events, so it cannot test any; try again.", retry_after_s=2)
        async with deps.reading() as session:
            line = await integration(session, integration_id, with_keys=True)
        known = await deps.catalogue.find(line["key"] or "")
        if known is None:
            if not line["active"]:
                raise Conflict("It is switched off: switch it on first, then send a test event.")
            raise Conflict("Its service is archived: bring it back under Services first, then send a test event.")
        try:
            whole = await deps.door.read_again(known, _as_sent(deps, integration_id, event))
        except Malformed as malformed:
            raise Invalid(f"The test event cannot be read: {malformed}") from malformed
        async with deps.commands(viewer.actor) as uow:
            await announce_test(uow, integration_id, delivery_id=whole.id, name=line["name"])
        receipt = await deps.door.store_whole(whole)
        events = [{"verdict": verdict, "incident_id": str(of) if of else None} for verdict, of in receipt.verdicts]
        return plain_json({"delivery_id": str(receipt.delivery_id), "events": events})

    return routes


def _as_sent(deps: Deps, integration_id: int, event: Payload) -> StoredDelivery:
    delivery_id = new_id()
    return StoredDelivery(
        id=delivery_id,
        original_id=delivery_id,
        received_at=deps.clock.now(),
        integration_id=integration_id,
        status="",
        reason="",
        content_type="application/json",
        body=json.dumps(event).encode(),  # whatever can be sent, also half a character
    )
