"""What texts and calls cost."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.costs import costs, this_month


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/costs."""
    routes = APIRouter(prefix="/api/v1", tags=["phones"])

    @routes.get("/costs", dependencies=[needs(Need.ADMINISTER)])
    async def read() -> Response:
        """Return what each carrier has cost in each of the last twelve months, and the budget of a month.

        `unwatched` says in words what is not counted against the budget.
        """
        now = deps.clock.now()
        async with deps.reading() as session:
            body = {"months": await costs(session, now=now), "this_month": await this_month(session, now=now)}
        budget = deps.settings.budget
        unpriced = {slug: kind.unpriced for slug, kind in deps.channels.items() if kind.unpriced}
        body["unwatched"] = [] if budget is None else budget.unwatched(body["this_month"], unpriced)
        return plain_json(
            {**body, "budget": deps.settings.phone_budget, "currency": deps.settings.phone_budget_currency}
        )

    return routes
