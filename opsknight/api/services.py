"""Services, with the keys by which monitors speak for them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.queries.services import services


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/services."""
    routes = APIRouter(prefix="/api/v1/services", tags=["services"], dependencies=[needs(Need.SEE)])

    @routes.get("")
    async def read(viewer: SignedIn) -> Response:
        """Return every service by name; its keys only to who may configure."""
        with_keys = permits(viewer.person, Need.CONFIGURE).permitted
        async with deps.reading() as session:
            return plain_json(await services(session, with_keys=with_keys))

    return routes
