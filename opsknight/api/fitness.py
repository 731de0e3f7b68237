"""Readiness: how OpsKnight itself stands, everybody who is on call in the next seven days, and arming a copy."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from opsknight import readiness
from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.commands import restored
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.model.service_level import as_json
from opsknight.domain.queries import fitness


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/readiness and what it offers."""
    routes = APIRouter(prefix="/api/v1/readiness", tags=["drills"])

    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read(viewer: SignedIn) -> Response:
        """Return what is found of OpsKnight itself, and whether whoever is on call soon is ready for it."""
        found = await readiness.look(deps)
        readable = None if permits(viewer.person, Need.ADMINISTER) else {viewer.id}
        async with deps.reading() as session:
            people = await fitness.fitness(session, readiness.ground(deps), at=deps.clock.now(), readable=readable)
        house = {one.name: {"state": one.state, "sentence": one.sentence} for one in found}
        return plain_json({"house": house, "service_levels": as_json(await readiness.levels(deps)), "people": people})

    @routes.post("/arm", dependencies=[needs(Need.ADMINISTER)])
    async def arm(viewer: SignedIn) -> Response:
        """Let a restored copy page people, beginning with what has fallen due; one that is armed stays as it is."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                return plain_json({"sentence": await restored.arm(uow)})

        return await again(attempt)

    return routes
