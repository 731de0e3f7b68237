"""Teams: who belongs to each and what it owns, and how people arrange them.

Every answer to a command carries the team as it is then, null where it is deleted, and a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import teams as commands
from opsknight.domain.commands.teams import Done
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import teams as queries
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class Named(BaseModel):
    """What a team is called."""

    name: Annotated[Clean, Field(max_length=1000)]


class Membership(BaseModel):
    """How somebody belongs to a team; who `manages` it is paged when nobody else is reached."""

    manages: Yes = False


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/teams."""
    routes = APIRouter(prefix="/api/v1/teams", tags=["teams"])
    _add_reading(routes, deps)
    _add_arranging(routes, deps)
    _add_members(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("", dependencies=see)
    async def read() -> Response:
        """Return every team by name, with its members and what it owns."""
        async with deps.reading() as session:
            return plain_json({"teams": await queries.teams(session)})

    @routes.get("/{team_id}", dependencies=see)
    async def read_one(team_id: Number) -> Response:
        """Return one team."""
        async with deps.reading() as session:
            return plain_json({"team": await queries.team(session, team_id)})


def _add_arranging(routes: APIRouter, deps: Deps) -> None:
    @routes.post("", status_code=201, dependencies=[needs(Need.ADMINISTER)])
    async def make(wish: Named, viewer: SignedIn) -> Response:
        """Make a team without members."""
        return await _carry_out(deps, viewer, lambda uow: commands.make(uow, wish.name), status=201)

    @routes.put("/{team_id}", dependencies=[needs(Need.MANAGE_TEAM)])
    async def rename(team_id: Number, wish: Named, viewer: SignedIn) -> Response:
        """Give a team another name."""
        return await _carry_out(deps, viewer, lambda uow: commands.rename(uow, team_id, wish.name))

    @routes.delete("/{team_id}", dependencies=[needs(Need.ADMINISTER)])
    async def delete(team_id: Number, viewer: SignedIn) -> Response:
        """Delete a team that owns nothing."""
        return await _carry_out(deps, viewer, lambda uow: commands.delete(uow, team_id))


def _add_members(routes: APIRouter, deps: Deps) -> None:
    manage = [needs(Need.MANAGE_TEAM)]

    @routes.put("/{team_id}/members/{user_id}", dependencies=manage)
    async def put(team_id: Number, user_id: Number, wish: Membership, viewer: SignedIn) -> Response:
        """Let somebody belong to a team, and manage it or not."""
        return await _carry_out(
            deps, viewer, lambda uow: commands.put_member(uow, team_id, user_id, manages=wish.manages)
        )

    @routes.delete("/{team_id}/members/{user_id}", dependencies=manage)
    async def remove(team_id: Number, user_id: Number, viewer: SignedIn) -> Response:
        """Let somebody belong to a team no more."""
        return await _carry_out(deps, viewer, lambda uow: commands.remove_member(uow, team_id, user_id))


async def _carry_out(deps: Deps, viewer: Viewer, command: Command, *, status: int = 200) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            found = await queries.teams(uow.session, only=[done.id])
        return plain_json({"team": found[0] if found else None, "sentence": done.sentence}, status=status)

    return await again(attempt)
