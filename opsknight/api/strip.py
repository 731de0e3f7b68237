"""What the strip on top of every page tells, for a page that is open for long."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.strip import strip


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/strip."""
    routes = APIRouter(prefix="/api/v1/strip", tags=["board"], dependencies=[needs(Need.SEE)])

    @routes.get("")
    async def read(viewer: SignedIn) -> Response:
        """Return who is on call on each schedule and until when, your next shift, and how much burns unacknowledged."""
        async with deps.reading() as session:
            return plain_json(await strip(session, you=viewer.id, now=deps.clock.now()))

    return routes
