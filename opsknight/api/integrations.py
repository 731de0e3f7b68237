"""Integrations: how the JSON of a generic one is understood, what would become of a payload, and their secrets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api import field_mapping
from opsknight.api.auth import SignedIn, needs
from opsknight.api.limits import excess
from opsknight.api.plain_json import plain_json
from opsknight.api.providers import generic
from opsknight.api.providers.provider import Context
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.wishes import Yes
from opsknight.deps import Deps
from opsknight.domain.commands.integrations import end_former_secret, map_fields, set_secret
from opsknight.domain.model.event import Event, Malformed, Unreadable
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import integrations
from opsknight.errors import Conflict, Invalid, NotFound

Mapping: TypeAlias = dict[str, Any]
UNMAPPED: Final[Mapping] = {}


class Trial(BaseModel):
    """A mapping, saved or not, and a payload to try it on."""

    mapping: Mapping = UNMAPPED
    payload: Any


class Secret(BaseModel):
    """What a monitor signs with, or "" for nothing; `keep_former` has the one before it count as well."""

    secret: Annotated[str, Field(max_length=1000)]
    keep_former: Yes = False


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

    @routes.get("/{integration_id}/secret")
    async def read_secret(integration_id: int) -> Response:
        """Return whether an integration has a secret, and whether the former counts as well; never the secret."""
        return await told(integration_id)

    @routes.put("/{integration_id}/secret")
    async def write_secret(integration_id: int, said: Secret, viewer: SignedIn) -> Response:
        """Refuse from now on what its monitor did not sign with this secret; "" ends that."""
        secret = said.secret.strip()
        _check_secret(secret, (await held(integration_id))["provider"])
        async with deps.commands(viewer.actor) as uow:
            await set_secret(uow, integration_id, secret, keep_former=said.keep_former)
        return await told(integration_id)

    @routes.delete("/{integration_id}/secret/former")
    async def end_former(integration_id: int, viewer: SignedIn) -> Response:
        """Let the former secret count no more."""
        async with deps.commands(viewer.actor) as uow:
            await end_former_secret(uow, integration_id)
        return await told(integration_id)

    async def told(integration_id: int) -> Response:
        line = await held(integration_id)
        return plain_json({"is_set": line["is_set"], "former_counts": line["former_counts"]})

    async def held(integration_id: int) -> integrations.SecretLine:
        async with deps.reading() as session:
            line = await integrations.secret(session, integration_id)
        if line is None:
            raise NotFound("There is no such integration.")
        return line

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


def _check_secret(secret: str, provider: str) -> None:
    """Refuse a secret that cannot be one.

    Raises:
        Conflict: this kind of monitor is known by its key alone.
        Invalid: it holds what no secret holds.
    """
    kind = PROVIDERS.get(provider)
    if kind is None or kind.verify is None:
        words = kind.label if kind is not None else provider
        raise Conflict(f"{words} is believed by the key it sends; there is no secret to check.")
    if not secret.isprintable():
        raise Invalid("The secret cannot be used: it holds a line break or another character that is not printed.")


def _told(event: Event | Unreadable) -> dict[str, Any]:
    return {"unreadable": event.reason} if isinstance(event, Unreadable) else asdict(event)
