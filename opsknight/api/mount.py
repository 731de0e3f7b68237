"""Put the routes on the app, and the guard in front of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from opsknight.api import (
    acknowledge,
    address_changes,
    api_tokens,
    board,
    calendar_feeds,
    calendar_sources,
    changes,
    chats,
    costs,
    cover,
    drills,
    fairness,
    fitness,
    foreseeing,
    handoffs,
    health,
    heartbeats,
    incidents,
    inhibitions,
    integration_keys,
    integration_life,
    integration_log,
    integrations,
    ledger,
    left_alone,
    mail_carriers,
    mail_conditions,
    maintenance,
    openapi,
    own_methods,
    pay,
    people,
    pings,
    policies,
    problems,
    push,
    pwa,
    replays,
    responders,
    rooms,
    rules,
    schedule_previews,
    schedules,
    service_quiet,
    services,
    sign_in,
    slack,
    sms_gateway,
    strip,
    teams,
    trying,
    twilio,
    vonage,
    watchers,
    weekly_drills,
    windows,
)
from opsknight.api.guard import App, Guard
from opsknight.api.shelf import Shelf
from opsknight.api.sign_in import Mail

if TYPE_CHECKING:
    from opsknight.deps import Deps


def mount(app: FastAPI, deps: Deps, *, mail: Mail | None = None) -> None:
    """Serve every route on `app`; `mail` sends sign-in links and invitations, None where there is no mail server."""
    serve(app, pwa.router(deps))
    serve(app, sign_in.router(deps, mail=mail))
    serve(app, people.router(deps, mail=mail))
    serve(app, address_changes.router(deps, mail=mail))
    for routes in (
        acknowledge,
        api_tokens,
        board,
        calendar_feeds,
        calendar_sources,
        changes,
        chats,
        costs,
        cover,
        drills,
        fairness,
        fitness,
        foreseeing,
        handoffs,
        health,
        heartbeats,
        incidents,
        inhibitions,
        integration_keys,
        integration_life,
        integration_log,
        integrations,
        ledger,
        left_alone,
        mail_carriers,
        mail_conditions,
        maintenance,
        own_methods,
        pay,
        pings,
        policies,
        push,
        replays,
        responders,
        rooms,
        rules,
        schedule_previews,
        schedules,
        service_quiet,
        services,
        slack,
        sms_gateway,
        strip,
        teams,
        trying,
        twilio,
        vonage,
        watchers,
        weekly_drills,
        windows,
    ):
        serve(app, routes.router(deps))
    openapi.describe(app)


def serve(app: FastAPI, routes: APIRouter) -> None:
    """Serve `routes` on `app` as they are.

    `include_router` builds each of them once more, with its first request: 0.2 s in which nobody is answered.
    """
    app.router.routes.extend(routes.routes)


def guarded(app: FastAPI, deps: Deps) -> App:
    """Return `app` behind its guard, with every error told in words; call it when all else is mounted.

    Who asks, and by which scheme, is what a trusted proxy says (FORWARDED_ALLOW_IPS, else 127.0.0.1).
    """
    problems.install(app)
    trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    return cast("App", ProxyHeadersMiddleware(cast("Any", Guard(Shelf(app), deps)), trusted_hosts=trusted))
