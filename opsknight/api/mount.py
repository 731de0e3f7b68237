"""Put the routes on the app, and the guard in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from opsknight.api import (
    acknowledge,
    board,
    health,
    incidents,
    integrations,
    openapi,
    people,
    problems,
    push,
    pwa,
    services,
    sign_in,
)
from opsknight.api.auth import needs
from opsknight.api.guard import Guard
from opsknight.api.sign_in import Mail
from opsknight.domain.model.permission import Need

if TYPE_CHECKING:
    from opsknight.deps import Deps


def mount(app: FastAPI, deps: Deps, *, mail: Mail | None = None) -> None:
    """Serve every route on `app`; `mail` sends sign-in links, None where there is no mail server."""
    app.include_router(pwa.router(deps), dependencies=[needs(Need.NOTHING)])
    app.include_router(sign_in.router(deps, mail=mail))
    for routes in (acknowledge, board, health, incidents, integrations, people, push, services):
        app.include_router(routes.router(deps))
    openapi.describe(app)


def guarded(app: FastAPI, deps: Deps) -> Guard:
    """Return `app` behind its guard, with every error told in words; call it when all else is mounted."""
    problems.install(app)
    return Guard(app, deps)
