"""The board's snapshot; its changes come over the socket."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.incident import Status
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.board import Filter
from opsknight.domain.queries.snapshot import snapshot
from opsknight.errors import Invalid


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/board."""
    routes = APIRouter(prefix="/api/v1/board", tags=["board"], dependencies=[needs(Need.SEE)])

    @routes.get("")
    async def read(
        viewer: SignedIn,
        board: Annotated[str, Query(max_length=200, description="`all`, a team or a service")] = "",
        q: Annotated[str, Query(max_length=200, description="words of the title, a service, or a number")] = "",
        service: Annotated[str, Query(max_length=200, description="a service's id or name")] = "",
        status: Annotated[str, Query(max_length=100, description="statuses, with commas between")] = "",
    ) -> Response:
        """Return the worst 300 incidents that the filter lets through, the numbers of all, and who is on call."""
        wanted = Filter(board=board, words=q.strip(), service=service, statuses=_statuses(status))
        async with deps.reading() as session:
            return plain_json(await snapshot(session, wanted, viewer=viewer, now=deps.clock.now()))

    return routes


def _statuses(text: str) -> tuple[Status, ...]:
    try:
        return tuple(Status(word.strip()) for word in text.split(",") if word.strip())
    except ValueError:
        known = ", ".join(Status)
        raise Invalid(f"“{text}” is no status; there are {known}.") from None
