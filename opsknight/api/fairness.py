"""What being on call costs people, and how evenly it is shared."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.periods import From, To, asked_for
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.fairness import fairness
from opsknight.domain.queries.pay import zone_of_schedule

Which: TypeAlias = Annotated[int | None, Query(ge=1, lt=2**63)]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/fairness."""
    routes = APIRouter(prefix="/api/v1/fairness", tags=["fairness"])

    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read(schedule: Which = None, team: Which = None, since: From = None, until: To = None) -> Response:
        """Return what each person carried: hours on call by night, weekend and holiday, interruptions, broken sleep.

        Over every schedule, one, or those of a team. Days are those of the schedule's zone, else of UTC; how they
        count for a person is by the clock of that person.
        """
        async with deps.reading() as session:
            zone = ZoneInfo("UTC") if schedule is None else await zone_of_schedule(session, schedule)
            start, end = asked_for(since, until, zone=zone, now=deps.clock.now())
            return plain_json(await fairness(session, start=start, end=end, schedule_id=schedule, team_id=team))

    return routes
