"""Everybody, for choosing somebody."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.people import people


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/people."""
    routes = APIRouter(prefix="/api/v1/people", tags=["people"], dependencies=[needs(Need.SEE)])

    @routes.get("")
    async def read() -> Response:
        """Return everybody by name, and whether a page reaches them."""
        async with deps.reading() as session:
            return plain_json(await people(session))

    return routes
