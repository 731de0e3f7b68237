"""The life of an integration after it was added: renamed, switched off and on again, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number
from opsknight.deps import Deps
from opsknight.domain.commands import integration_life as commands
from opsknight.domain.commands.integration_life import Done, left_open
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.integrations import integration, open_alerts, refused_since
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class Name(BaseModel):
    """What an integration shall be called."""

    name: Annotated[Clean, Field(max_length=1000)]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/integrations/{id}, and what ends one."""
    routes = APIRouter(prefix="/api/v1/integrations", tags=["integrations"])
    manage = [needs(Need.MANAGE_TEAM)]

    @routes.get("/{integration_id}", dependencies=[needs(Need.CONFIGURE)])
    async def read(integration_id: Number) -> Response:
        """Return an integration with its keys, how many of its alerts are open, and what is refused since it is off."""
        async with deps.reading() as session:
            line = await integration(session, integration_id, with_keys=True)
            count = await open_alerts(session, integration_id)
            refused = await refused_since(session, integration_id)
        return plain_json({"integration": line, "open_alerts": count, "left": left_open(count), "refused": refused})

    @routes.put("/{integration_id}/name", dependencies=manage)
    async def rename(integration_id: Number, wish: Name, viewer: SignedIn) -> Response:
        """Call an integration otherwise; its keys stay."""
        return await _carry_out(deps, viewer, lambda uow: commands.rename(uow, integration_id, wish.name))

    @routes.post("/{integration_id}/switch-off", dependencies=manage)
    async def switch_off(integration_id: Number, viewer: SignedIn) -> Response:
        """Take nothing that it sends any more: it is answered 404. Its open alerts stay, for people to resolve."""
        return await _carry_out(deps, viewer, lambda uow: commands.switch_off(uow, integration_id))

    @routes.post("/{integration_id}/switch-on", dependencies=manage)
    async def switch_on(integration_id: Number, viewer: SignedIn) -> Response:
        """Take events of an integration again, by the keys that it had."""
        return await _carry_out(deps, viewer, lambda uow: commands.switch_on(uow, integration_id))

    @routes.delete("/{integration_id}", dependencies=manage)
    async def remove(integration_id: Number, viewer: SignedIn) -> Response:
        """Remove an integration that is switched off, for good; what it sent stays."""
        return await _carry_out(deps, viewer, lambda uow: commands.remove(uow, integration_id))

    return routes


async def _carry_out(deps: Deps, viewer: Viewer, command: Command) -> Response:
    """Do `command` in one unit of work, again where the database asks for it."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
        return plain_json({"id": done.id, "sentence": done.sentence})

    return await again(attempt)
