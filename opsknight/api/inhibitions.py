"""Inhibition rules: which alert keeps which others quiet while it is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.conditions import Conditions, matchers
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number
from opsknight.deps import Deps
from opsknight.domain.commands import inhibitions as commands
from opsknight.domain.commands.inhibitions import Done, Rule
from opsknight.domain.model.inhibition import MAX_EQUAL
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import inhibitions as queries
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class Wish(BaseModel):
    """What a rule shall be: while a `source` is open, a `target` whose `equal` fields are the same opens quietly."""

    name: Annotated[Clean, Field(max_length=1000)]
    source: Conditions
    target: Conditions
    equal: Annotated[list[Annotated[Clean, Field(max_length=200)]], Field(max_length=MAX_EQUAL)] = []

    @property
    def rule(self) -> Rule:
        """The wish as the command takes it."""
        equal = tuple(dict.fromkeys(name.strip() for name in self.equal))
        return Rule(self.name, matchers(self.source), matchers(self.target), equal)


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/inhibitions."""
    routes = APIRouter(prefix="/api/v1/inhibitions", tags=["inhibitions"])
    configure = [needs(Need.CONFIGURE)]

    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read() -> Response:
        """Return every rule by name, with how many sources are open and how many incidents they keep quiet."""
        async with deps.reading() as session:
            return plain_json({"inhibitions": await queries.inhibitions(session)})

    @routes.post("", status_code=201, dependencies=configure)
    async def create(wish: Wish, viewer: SignedIn) -> Response:
        """Make a rule, for what opens from now on."""
        return await _carry_out(deps, viewer, lambda uow: commands.create(uow, wish.rule), status=201)

    @routes.put("/{rule_id}", dependencies=configure)
    async def change(rule_id: Number, wish: Wish, viewer: SignedIn) -> Response:
        """Make a rule what the body says, all of it."""
        return await _carry_out(deps, viewer, lambda uow: commands.change(uow, rule_id, wish.rule))

    @routes.delete("/{rule_id}", dependencies=configure)
    async def remove(rule_id: Number, viewer: SignedIn) -> Response:
        """Remove a rule; what it keeps quiet and still fires wakes."""
        return await _carry_out(deps, viewer, lambda uow: commands.remove(uow, rule_id), is_left=False)

    return routes


async def _carry_out(
    deps: Deps, viewer: Viewer, command: Command, *, status: int = 200, is_left: bool = True
) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await queries.inhibition(uow.session, done.id) if is_left else None
        return plain_json({"inhibition": line, "sentence": done.sentence}, status=status)

    return await again(attempt)
