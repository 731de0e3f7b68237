"""Watching an incident, over HTTP: being kept informed of it, and no more."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.carrying_out import carry_out, key_of
from opsknight.api.incidents import Key, Which, id_of
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.commands import watchers as commands
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import incidents
from opsknight.domain.queries.watchers import watchers


def router(deps: Deps) -> APIRouter:
    """Serve who watches on /api/v1/incidents."""
    routes = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], dependencies=[needs(Need.SEE)])

    @routes.get("/{which}/watchers")
    async def read(which: Which) -> Response:
        """Return who is kept informed of an incident."""
        async with deps.reading() as session:
            return plain_json({"watchers": await watchers(session, await incidents.find(session, which))})

    @routes.post("/{which}/watch")
    async def watch(which: Which, viewer: SignedIn, key: Key = None) -> Response:
        """Be told, quietly, when it is acknowledged, resolved or reopened, or nobody answers."""
        incident_id = await id_of(deps, which)

        async def act(uow: Any) -> Done:
            return await commands.watch(uow, incident_id)

        return await carry_out(deps, viewer, act, key=key_of(viewer, f"watch {incident_id}", key), about=incident_id)

    @routes.post("/{which}/unwatch")
    async def unwatch(which: Which, viewer: SignedIn, key: Key = None) -> Response:
        """Be told no more."""
        incident_id = await id_of(deps, which)

        async def act(uow: Any) -> Done:
            return await commands.unwatch(uow, incident_id)

        return await carry_out(deps, viewer, act, key=key_of(viewer, f"unwatch {incident_id}", key), about=incident_id)

    return routes
