"""Rooms of teams, in which steps of policies post; and which channels there are on this installation.

Every answer to a command carries a sentence for a person, and the rooms of the team as they are then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.addresses import read_address
from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.chats.teams_package import FILE, package
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number
from opsknight.deps import Deps
from opsknight.domain.commands import rooms as commands
from opsknight.domain.commands.rooms import Done
from opsknight.domain.model.channel import ChannelKind, face
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.rooms import room_lines
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Invalid

Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class RoomWish(BaseModel):
    """Where steps shall post: an address as its channel wants it, and how people call the place."""

    channel: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=40)]
    address: Annotated[str, Field(min_length=1, max_length=2000)]
    label: Annotated[Clean, Field(max_length=80)] = ""


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/channels, /api/v1/rooms and /api/v1/teams/{team_id}/rooms."""
    routes = APIRouter(prefix="/api/v1", tags=["channels"])
    manage = [needs(Need.MANAGE_TEAM)]

    @routes.get("/channels", dependencies=[needs(Need.SEE)])
    async def read_channels(_viewer: SignedIn) -> Response:
        """Return every channel: what an address on it is, and what must be set before anything goes out by it."""
        return plain_json({"channels": [_channel(kind) for kind in deps.channels.values()]})

    @routes.get("/channels/teams_bot/app", dependencies=[needs(Need.ADMINISTER)], include_in_schema=False)
    async def read_teams_app() -> Response:
        """Return the app package that an administrator of Teams uploads there."""
        named = {"Content-Disposition": f'attachment; filename="{FILE}"'}
        whole = package(deps.carriers.teams, address=deps.settings.address)
        return Response(whole, media_type="application/zip", headers=named)

    @routes.get("/rooms", dependencies=[needs(Need.SEE)])
    async def read_rooms() -> Response:
        """Return the rooms of all teams."""
        async with deps.reading() as session:
            return plain_json({"rooms": await room_lines(session)})

    @routes.post("/teams/{team_id}/rooms", status_code=201, dependencies=manage)
    async def add(team_id: Number, wish: RoomWish, viewer: SignedIn) -> Response:
        """Let steps post in a place; a first message is posted there at once."""
        kind = deps.channels.get(wish.channel)
        if kind is None or not kind.rooms:
            raise Invalid("Steps cannot post by this channel; choose another.")
        given = read_address(kind, wish.address)
        return await _carry_out(
            deps,
            viewer,
            lambda uow: commands.add(
                uow, team_id, channel=kind.slug, address=given.address, label=wish.label, secret=given.secret
            ),
            status=201,
            shown_once=given.shown_once,
        )

    @routes.post("/rooms/{room_id}/test", dependencies=manage)
    async def test(room_id: Number, viewer: SignedIn) -> Response:
        """Post a test message in a room."""
        return await _carry_out(deps, viewer, lambda uow: commands.test(uow, room_id))

    @routes.delete("/rooms/{room_id}", dependencies=manage)
    async def remove(room_id: Number, viewer: SignedIn) -> Response:
        """Forget a room in which no step posts."""
        return await _carry_out(deps, viewer, lambda uow: commands.remove(uow, room_id))

    return routes


def _channel(kind: ChannelKind) -> dict[str, Any]:
    its = face(kind.slug)
    return {
        "channel": kind.slug,
        "label": its.label,
        "loud": its.loud,
        "address": kind.address,
        "example": kind.example,
        "help": kind.help,
        "people": kind.people,
        "by_hand": kind.by_hand,
        "rooms": kind.rooms,
        "ready": kind.ready,
        "not_ready": kind.not_ready,
    }


async def _carry_out(
    deps: Deps, viewer: Viewer, command: Command, *, status: int = 200, shown_once: Mapping[str, str] | None = None
) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with all rooms there are then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            lines = await room_lines(uow.session)
        once = {"secret": shown_once} if shown_once else {}
        return plain_json({"rooms": lines, "id": done.id, "sentence": done.sentence, **once}, status=status)

    return await again(attempt)
