"""What was changed on a service, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.changes import AT_MOST, changes


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/changes."""
    routes = APIRouter(prefix="/api/v1/changes", tags=["changes"], dependencies=[needs(Need.SEE)])

    @routes.get("")
    async def read(
        service_id: int,
        before: Annotated[datetime | None, Query(description="Only those made before this instant.")] = None,
        limit: Annotated[int, Query(ge=1, le=AT_MOST)] = 50,
    ) -> Response:
        """Return the changes of a service, newest first."""
        if before is not None and before.tzinfo is None:
            before = before.replace(tzinfo=UTC)
        async with deps.reading() as session:
            return plain_json({"changes": await changes(session, service_id, before=before, limit=limit)})

    return routes
