"""The keys of an integration: rotated without a moment in which its monitor is not heard."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.commands.integration_keys import end_former_key, make_key
from opsknight.domain.model.permission import Need


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/integrations/{id}/keys."""
    routes = APIRouter(
        prefix="/api/v1/integrations/{integration_id}/keys",
        tags=["integrations"],
        dependencies=[needs(Need.CONFIGURE)],
    )

    @routes.post("", status_code=201)
    async def make(integration_id: int, viewer: SignedIn) -> Response:
        """Make a new key; the one before stays live, as the former one, until it is ended."""
        async with deps.commands(viewer.actor) as uow:
            key = await make_key(uow, integration_id)
        return plain_json({"key": key, "sentence": "The new key is live, and so is the former one."}, status=201)

    @routes.delete("/former")
    async def end_former(integration_id: int, viewer: SignedIn) -> Response:
        """End the former key: what is sent with it is answered 404 from now on."""
        async with deps.commands(viewer.actor) as uow:
            await end_former_key(uow, integration_id)
        return plain_json({"sentence": "The former key has ended: what is sent with it is refused."})

    return routes
