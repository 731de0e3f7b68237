"""Integrations: how the JSON of a generic one is understood, and what would become of a payload."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from opsknight.api import field_mapping
from opsknight.api.auth import SignedIn, needs
from opsknight.api.limits import excess
from opsknight.api.plain_json import plain_json
from opsknight.api.providers import generic
from opsknight.api.providers.provider import Context
from opsknight.deps import Deps
from opsknight.domain.commands.integrations import map_fields
from opsknight.domain.model.event import Event, Malformed, Unreadable
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import integrations
from opsknight.errors import Invalid, NotFound

Mapping: TypeAlias = dict[str, Any]
UNMAPPED: Final[Mapping] = {}


class Trial(BaseModel):
    """A mapping, saved or not, and a payload to try it on."""

    mapping: Mapping = UNMAPPED
    payload: Any


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/integrations."""
    routes = APIRouter(prefix="/api/v1/integrations", tags=["integrations"], dependencies=[needs(Need.CONFIGURE)])

    @routes.get("/{integration_id}/mapping")
    async def read(integration_id: int) -> Response:
        """Return the field mapping of an integration; {} where it has none."""
        async with deps.reading() as session:
            mapping = await integrations.field_mapping(session, integration_id)
        if mapping is None:
            raise NotFound("There is no such integration.")
        return plain_json(mapping)

    @routes.put("/{integration_id}/mapping")
    async def write(integration_id: int, mapping: Mapping, viewer: SignedIn) -> Response:
        """Set the field mapping of a generic integration; {} ends it. Events use it at once."""
        _check(mapping)
        async with deps.commands(viewer.actor) as uow:
            await map_fields(uow, integration_id, mapping)
        return plain_json(mapping)

    @routes.post("/mapping/try")
    async def attempt(trial: Trial) -> Response:
        """Return the events that a payload would become, or why it would be refused. Nothing is stored."""
        _check(trial.mapping)
        context = Context(received_at=deps.clock.now(), mapping=trial.mapping)
        try:
            events = generic.normalise(trial.payload, context)
        except Malformed as malformed:
            return plain_json({"events": [], "refused": str(malformed)})
        return plain_json({"events": [_told(event) for event in events], "refused": None})

    return routes


def _check(mapping: Mapping) -> None:
    field_mapping.check(mapping)
    if excess(mapping):
        raise Invalid("The field mapping cannot be used: it holds more than an event may.")


def _told(event: Event | Unreadable) -> dict[str, Any]:
    return {"unreadable": event.reason} if isinstance(event, Unreadable) else asdict(event)
