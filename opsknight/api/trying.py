"""A test event of an integration: what its monitor would send, from a person who is signed in instead."""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.crypto import new_id
from opsknight.deps import Deps
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.trying import announce_test
from opsknight.domain.model.event import Malformed, Unreadable
from opsknight.domain.model.incident import Status
from opsknight.domain.model.intake import Verdict
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.board import BoardLine, line
from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.domain.queries.integrations import integration
from opsknight.errors import Conflict, Invalid, Unavailable

Payload: TypeAlias = dict[str, Any]

_NOTHING: Final = {
    Verdict.DROPPED: "a rule drops it: nothing opens",
    Verdict.COUNTED: "a rule counts it: nothing opens until more like it have come",
    Verdict.LATE_COPY: "it is taken for a late copy of what was resolved a moment ago: nothing opens",
    Verdict.NOTHING_OPEN: "nothing is open that it could end",
}
"""Why a test event is about no incident."""


def router(deps: Deps) -> APIRouter:
    """Serve the test events of integrations."""
    routes = APIRouter(prefix="/api/v1/integrations", tags=["integrations"], dependencies=[needs(Need.CONFIGURE)])

    @routes.post("/{integration_id}/test-event")
    async def send(integration_id: int, event: Payload, viewer: SignedIn) -> Response:
        """Take an event as from the integration's monitor, and say what became of it.

        Nothing is signed: who may set its secret may send one.
        """
        if deps.door is None:
            raise Unavailable("This process takes no events, so it cannot test any; try again.", retry_after_s=2)
        async with deps.reading() as session:
            its = await integration(session, integration_id, with_keys=True)
        known = await deps.catalogue.find(its["key"] or "")
        if known is None:
            if not its["active"]:
                raise Conflict("It is switched off: switch it on first, then send a test event.")
            raise Conflict("Its service is archived: bring it back under Services first, then send a test event.")
        try:
            whole = await deps.door.read_again(known, _as_sent(deps, integration_id, event))
        except Malformed as malformed:
            raise Invalid(f"The test event cannot be read: {malformed}") from malformed
        async with deps.commands(viewer.actor) as uow:
            await announce_test(uow, integration_id, delivery_id=whole.id, name=its["name"])
        receipt = await deps.door.store_whole(whole)
        events = [{"verdict": verdict, "incident_id": str(of) if of else None} for verdict, of in receipt.verdicts]
        sentence = await _sentence(deps, whole, receipt)
        return plain_json({"sentence": sentence, "delivery_id": str(receipt.delivery_id), "events": events})

    return routes


async def _sentence(deps: Deps, whole: Delivery, receipt: Receipt) -> str:
    """Return what became of a test event, by the first thing that it says."""
    if not receipt.verdicts:
        return "Sent, and it is kept; nothing in it opens an incident."
    verdict, incident_id = receipt.verdicts[0]
    if verdict is Verdict.UNREADABLE:
        why = next((event.reason for event in whole.events if isinstance(event, Unreadable)), "")
        return f"Sent, and kept as unreadable: {why}"
    if incident_id is None:
        return f"Sent, and {_NOTHING.get(verdict, f'the verdict is “{verdict}”: nothing opens')}."
    async with deps.reading() as session:
        return f"Sent: {became(verdict, await line(session, incident_id))}"


def became(verdict: Verdict, incident: BoardLine) -> str:
    """Return what `verdict` made of an incident, and whether anybody is paged for it."""
    number = f"#{incident['n']}"
    if verdict in (Verdict.OPENED, Verdict.REOPENED):
        opens = f"{number} opens" if verdict is Verdict.OPENED else f"{number} is open again"
        if incident["next"] and incident["next"]["kind"] == "pause":
            return f"{opens}, and a rule pauses it: it pages if it is still unresolved by then."
        if incident["status"] == Status.SUPPRESSED:
            why = f" ({incident['quiet']['reason']})" if incident["quiet"] else " by a rule"
            return f"{opens} and is suppressed{why}: nobody is paged. Resolve it when you have seen it."
        return f"{opens} on the board. Resolve it when you have seen it."
    if verdict is Verdict.JOINED:
        return f"it joins {number}, which is {incident['status']} already."
    if verdict in (Verdict.OCCURRENCE, Verdict.RAISED):
        return f"it is counted on {number}, which is {incident['status']} already. Resolve that first to see one open."
    return f"{number} is {incident['status']} now; the verdict is “{verdict}”."


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
