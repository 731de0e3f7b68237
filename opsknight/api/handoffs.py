"""Going on call and off over HTTP: what is left for me, what I leave, what was left before, and whether I am ready."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number
from opsknight.deps import Deps
from opsknight.domain.commands.handoffs import leave_note
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.going_on_call import shift_checks
from opsknight.domain.queries.handoffs import handoffs_of, notes_of
from opsknight.domain.queries.schedule_lines import document


class Note(BaseModel):
    """What who goes off call leaves for who comes; empty takes it back."""

    text: Annotated[Clean, Field(max_length=10_000)]


def router(deps: Deps) -> APIRouter:
    """Serve handoffs under /api/v1."""
    routes = APIRouter(prefix="/api/v1", tags=["schedules"])

    @routes.get("/handoffs", dependencies=[needs(Need.SEE)])
    async def mine(viewer: SignedIn) -> Response:
        """Return what others leave for you, and the ends of your own turns for which you may write."""
        async with deps.reading() as session:
            return plain_json(await handoffs_of(session, viewer.id, at=deps.clock.now()))

    @routes.get("/oncall/checks", dependencies=[needs(Need.SEE)])
    async def look(viewer: SignedIn) -> Response:
        """Return what to see to before your shifts that run or begin within a day."""
        async with deps.reading() as session:
            found = await shift_checks(session, viewer.id, at=deps.clock.now(), unset=deps.unset)
        return plain_json({"shifts": found})

    @routes.get("/schedules/{schedule_id}/handoffs", dependencies=[needs(Need.SEE)])
    async def of_schedule(
        schedule_id: Number, before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
    ) -> Response:
        """Return the notes that were left on a schedule, newest first."""
        async with deps.reading() as session:
            await document(session, schedule_id)
            return plain_json(await notes_of(session, schedule_id, before=before))

    @routes.put("/schedules/{schedule_id}/handoff", dependencies=[needs(Need.RESPOND)])
    async def leave(schedule_id: Number, wish: Note, viewer: SignedIn) -> Response:
        """Leave a note for who comes on call after you."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                done = await leave_note(uow, schedule_id, wish.text)
            return plain_json({"sentence": done.sentence})

        return await again(attempt)

    return routes
