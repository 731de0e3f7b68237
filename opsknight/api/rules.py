"""Rules: what decides about events before they page, how people arrange it, and what it would have done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.rule_trials import look_at, preview_of, ready
from opsknight.api.rule_yaml import MAX_LENGTH, write_yaml
from opsknight.api.wishes import Id, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import rules as commands
from opsknight.domain.commands.rules import Done
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import rules as queries
from opsknight.domain.queries.sessions import Viewer

Document: TypeAlias = dict[str, Any]
Text: TypeAlias = Annotated[str, Field(max_length=MAX_LENGTH + 1000)]
Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class Draft(BaseModel):
    """A rule, as its parts or as YAML."""

    rule: Document | None = None
    yaml: Text | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Draft:
        if (self.rule is None) == (self.yaml is None):
            raise ValueError("say either rule or yaml")
        return self


class Placed(Draft):
    """A rule and the service that it is for; none: all services."""

    service_id: Id | None = None


class Switch(BaseModel):
    """Whether a rule shall be asked."""

    enabled: Yes


class Order(BaseModel):
    """Every rule of a service, or of all services, in the order in which they shall be asked."""

    service_id: Id | None = None
    ids: Annotated[list[Id], Field(max_length=commands.MOST)]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/rules."""
    routes = APIRouter(prefix="/api/v1/rules", tags=["rules"])
    _add_reading(routes, deps)
    _add_trying(routes, deps)
    _add_arranging(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read() -> Response:
        """Return every rule with how often it matched and was skipped, in order: those of all services first."""
        async with deps.reading() as session:
            lines = await queries.rules(session)
        return plain_json({"rules": [{**line, "yaml": write_yaml(line["rule"])} for line in lines]})


def _add_trying(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("/check", dependencies=configure)
    async def check(draft: Draft) -> Response:
        """Say whether a rule could be saved: its parts, its YAML and what it does, or where the trouble is."""
        return plain_json(look_at(draft.rule, draft.yaml))

    @routes.post("/preview", dependencies=configure)
    async def preview(draft: Placed) -> Response:
        """Say what a rule would have made of the alerts of the last 7 days; nothing is saved."""
        return plain_json(await preview_of(deps, ready(draft.rule, draft.yaml), service_id=draft.service_id))


def _add_arranging(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("", status_code=201, dependencies=configure)
    async def create(draft: Placed, viewer: SignedIn) -> Response:
        """Add a rule as the last of its service, or of those of all services."""
        document = ready(draft.rule, draft.yaml)
        return await _carry_out(
            deps, viewer, lambda uow: commands.create(uow, document, service_id=draft.service_id), status=201
        )

    @routes.put("/order", dependencies=configure)
    async def order(wish: Order, viewer: SignedIn) -> Response:
        """Have the rules of a service, or of all services, asked in another order."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                sentence = await commands.put_in_order(uow, wish.ids, service_id=wish.service_id)
            return plain_json({"sentence": sentence})

        return await again(attempt)

    @routes.put("/{rule_id}", dependencies=configure)
    async def change(rule_id: Number, draft: Draft, viewer: SignedIn) -> Response:
        """Make a rule what the body says, all of it; its place and its counts stay."""
        document = ready(draft.rule, draft.yaml)
        return await _carry_out(deps, viewer, lambda uow: commands.change(uow, rule_id, document))

    @routes.post("/{rule_id}/enabled", dependencies=configure)
    async def enable(rule_id: Number, switch: Switch, viewer: SignedIn) -> Response:
        """Switch a rule on or off."""
        return await _carry_out(deps, viewer, lambda uow: commands.enable(uow, rule_id, enabled=switch.enabled))

    @routes.delete("/{rule_id}", dependencies=configure)
    async def delete(rule_id: Number, viewer: SignedIn) -> Response:
        """Remove a rule with its counts; what it has decided stays."""
        return await _carry_out(deps, viewer, lambda uow: commands.delete(uow, rule_id), is_left=False)


async def _carry_out(
    deps: Deps, viewer: Viewer, command: Command, *, status: int = 200, is_left: bool = True
) -> Response:
    """Do `command`, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await queries.rule(uow.session, done.id) if is_left else None
        return plain_json({"rule": line, "sentence": done.sentence}, status=status)

    return await again(attempt)
