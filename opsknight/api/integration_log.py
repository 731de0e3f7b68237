"""What an integration received: its last deliveries with their verdicts, and each one's raw body."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.deliveries import last_deliveries, stored_delivery
from opsknight.domain.queries.integrations import integration

_NEVER_RUN: Final = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
"""A body is anybody's bytes: a browser may keep it in a file and may not show it as a page."""


class Bytes(Response):
    """Whatever somebody sent."""

    media_type = "application/octet-stream"


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/integrations/{id}/deliveries."""
    routes = APIRouter(
        prefix="/api/v1/integrations/{integration_id}/deliveries",
        tags=["integrations"],
        dependencies=[needs(Need.CONFIGURE)],
    )

    @routes.get("")
    async def deliveries(integration_id: int, *, refused: bool = False) -> Response:
        """Return the last 50 deliveries, newest first, with their events' verdicts; `refused`: the reject log."""
        async with deps.reading() as session:
            await integration(session, integration_id, with_keys=False)
            lines = await last_deliveries(session, integration_id, refused=refused)
        return plain_json({"deliveries": lines})

    @routes.get("/{delivery_id}/body", response_class=Bytes)
    async def body(integration_id: int, delivery_id: UUID) -> Response:
        """Return the raw bytes of a delivery, as they were received."""
        async with deps.reading() as session:
            found = await stored_delivery(session, integration_id, delivery_id)
        return Bytes(found.body, headers=_NEVER_RUN)

    return routes
