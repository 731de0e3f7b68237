"""The drill that comes by itself every week: read, set and ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Id
from opsknight.deps import Deps
from opsknight.domain.commands import weekly_drills as commands
from opsknight.domain.model.permission import Need
from opsknight.domain.model.weekly import Weekly
from opsknight.domain.queries import weekly_drills as queries


class WeeklyWish(BaseModel):
    """When it comes, and of which schedule; without one it is of everyone on call tonight."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    hour: Annotated[int, Field(ge=0, le=23)]
    zone: Annotated[str, Field(max_length=100)]
    schedule_id: Id | None = None


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/weekly-drill."""
    routes = APIRouter(prefix="/api/v1/weekly-drill", tags=["drills"])

    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read() -> Response:
        """Return when a drill comes by itself, and the next time; null where none does."""
        async with deps.reading() as session:
            return plain_json({"weekly": await queries.weekly(session, now=deps.clock.now())})

    @routes.put("", dependencies=[needs(Need.ADMINISTER)])
    async def put(wish: WeeklyWish, viewer: SignedIn) -> Response:
        """Have a drill come by itself every week; the first is the next such time."""

        async def attempt() -> Response:
            when = Weekly(wish.weekday, wish.hour, wish.zone)
            async with deps.commands(viewer.actor) as uow:
                sentence = await commands.set_weekly(uow, when, schedule_id=wish.schedule_id)
            return plain_json({"sentence": sentence})

        return await again(attempt)

    @routes.delete("", dependencies=[needs(Need.ADMINISTER)])
    async def end(viewer: SignedIn) -> Response:
        """Have none come by itself any more."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                return plain_json({"sentence": await commands.end_weekly(uow)})

        return await again(attempt)

    return routes
