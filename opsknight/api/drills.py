"""Drills: beginning one, and what became of each."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, model_validator
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Id
from opsknight.deps import Deps
from opsknight.domain.commands import drills as commands
from opsknight.domain.model.drill import SENTENCES
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.queries import drills as queries


class DrillWish(BaseModel):
    """Who is drilled: a person, who is on call on a schedule, or, with neither, everyone on call tonight."""

    user_id: Id | None = None
    schedule_id: Id | None = None

    @model_validator(mode="after")
    def _one_at_most(self) -> DrillWish:
        if self.user_id is not None and self.schedule_id is not None:
            raise ValueError("say either user_id or schedule_id, or neither for everyone on call tonight")
        return self


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/drills."""
    routes = APIRouter(prefix="/api/v1/drills", tags=["drills"])

    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read_all() -> Response:
        """Return the newest drills, and how many have answered in each."""
        async with deps.reading() as session:
            return plain_json({"drills": await queries.drills(session, now=deps.clock.now())})

    @routes.get("/{drill_id}", dependencies=[needs(Need.SEE)])
    async def read(drill_id: UUID, viewer: SignedIn) -> Response:
        """Return a drill by person and message, in seconds from hop to hop, and what is wrong with the silent."""
        async with deps.reading() as session:
            readable = None if permits(viewer.person, Need.ADMINISTER) else {viewer.id}
            return plain_json(await queries.drill(session, drill_id, now=deps.clock.now(), readable=readable))

    @routes.post("", status_code=201, dependencies=[needs(Need.RESPOND)])
    async def begin(wish: DrillWish, viewer: SignedIn) -> Response:
        """Page people for real, marked as a drill, and ask them to acknowledge. Others than oneself: managers."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                begun = await commands.begin(uow, commands.Whom(wish.user_id, wish.schedule_id))
            return plain_json({"id": str(begun.id), "sentence": begun.sentence}, status=201)

        return await again(attempt)

    @routes.post("/{drill_id}/acknowledge", dependencies=[needs(Need.SIGNED_IN)])
    async def acknowledge(drill_id: UUID, viewer: SignedIn) -> Response:
        """Answer a drill on screen, for oneself."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                return plain_json({"sentence": SENTENCES[await commands.acknowledge_own(uow, drill_id)]})

        return await again(attempt)

    return routes
