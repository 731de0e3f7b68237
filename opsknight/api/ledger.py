"""The ledger of what was changed here, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.ledger import ledger


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/ledger."""
    routes = APIRouter(prefix="/api/v1", tags=["ledger"])

    @routes.get("/ledger", dependencies=[needs(Need.ADMINISTER)])
    async def read(
        before: Annotated[str | None, Query(max_length=80)] = None,
        about: Annotated[str | None, Query(max_length=40)] = None,
        actor: Annotated[str | None, Query(max_length=80)] = None,
    ) -> Response:
        """Return a hundred facts that belong to no incident, newest first, each as a sentence with its data.

        `before` is `more` of the page before; `about` is access, people, on call, monitors or the house; `actor` is
        who did it, such as `user:3`. What happened to an incident is told on its timeline.
        """
        async with deps.reading() as session:
            return plain_json(await ledger(session, before=before, about=about, actor=actor))

    return routes
