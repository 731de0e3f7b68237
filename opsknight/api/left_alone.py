"""When the signed-in person is left alone: quiet hours for low urgency, and do not disturb with a substitute.

Every answer to a change carries all of it as it is then, and a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, End, Id
from opsknight.deps import Deps
from opsknight.domain.commands import left_alone as commands
from opsknight.domain.commands.left_alone import Done
from opsknight.domain.model.permission import Need
from opsknight.domain.model.quiet_hours import MAX_WINDOWS
from opsknight.domain.queries.left_alone import left_alone
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Time: TypeAlias = Annotated[Clean, Field(max_length=5, description="a time of day, as 22:00")]
Weekday: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=7, description="1 is Monday")]


class Window(BaseModel):
    """Hours of weekdays; what ends before it begins ends on the next day."""

    weekdays: Annotated[list[Weekday], Field(max_length=7)]
    start: Time
    end: Time


class QuietHours(BaseModel):
    """All quiet hours of the person, by the clock of their zone; none means that nothing is held."""

    windows: Annotated[Sequence[Window], Field(max_length=MAX_WINDOWS)]


class Undisturbed(End):
    """Until when, and who is paged instead."""

    substitute_id: Id


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/me/left-alone and what is changed of it."""
    routes = APIRouter(prefix="/api/v1/me", tags=["me"], dependencies=[needs(Need.OWN_METHODS)])

    @routes.get("/left-alone")
    async def read(viewer: SignedIn) -> Response:
        """Return the person's quiet hours, and who is paged instead of them."""
        async with deps.reading() as session:
            return plain_json({"left_alone": await left_alone(session, viewer.id, at=deps.clock.now())})

    @routes.put("/quiet-hours")
    async def set_quiet_hours(wish: QuietHours, viewer: SignedIn) -> Response:
        """Have just these quiet hours: low urgency is held in them, and told together when they end."""
        windows = [window.model_dump() for window in wish.windows]
        return await _carry_out(deps, viewer, lambda uow: commands.set_quiet_hours(uow, windows))

    @routes.put("/undisturbed")
    async def do_not_disturb(wish: Undisturbed, viewer: SignedIn) -> Response:
        """Have somebody else paged for a while, at high urgency too; it ends by itself."""

        async def command(uow: Any) -> Done:
            until = wish.end(uow.now)
            return await commands.do_not_disturb(uow, until=until, substitute_id=wish.substitute_id, unset=deps.unset)

        return await _carry_out(deps, viewer, command)

    @routes.delete("/undisturbed")
    async def disturb_again(viewer: SignedIn) -> Response:
        """Be paged again."""
        return await _carry_out(deps, viewer, commands.disturb_again)

    return routes


async def _carry_out(deps: Deps, viewer: Viewer, command: Command) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with how it is then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            told = await left_alone(uow.session, viewer.id, at=uow.now)
        return plain_json({"left_alone": told, "sentence": done.sentence})

    return await again(attempt)
