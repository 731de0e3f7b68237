"""Put the routes on the app, and the guard in front of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from opsknight.api import (
    acknowledge,
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
    integration_log,
    integrations,
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
    teams,
    twilio,
    vonage,
    watchers,
    weekly_drills,
    windows,
)
from opsknight.api.auth import needs
from opsknight.api.guard import App, Guard
from opsknight.api.sign_in import Mail
from opsknight.domain.model.permission import Need

if TYPE_CHECKING:
    from opsknight.deps import Deps


def mount(app: FastAPI, deps: Deps, *, mail: Mail | None = None) -> None:
    """Serve every route on `app`; `mail` sends sign-in links and invitations, None where there is no mail server."""
    app.include_router(pwa.router(deps), dependencies=[needs(Need.NOTHING)])
    app.include_router(sign_in.router(deps, mail=mail))
    app.include_router(people.router(deps, mail=mail))
    for routes in (
        acknowledge,
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
        integration_log,
        integrations,
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
        teams,
        twilio,
        vonage,
        watchers,
        weekly_drills,
        windows,
    ):
        app.include_router(routes.router(deps))
    openapi.describe(app)


def guarded(app: FastAPI, deps: Deps) -> App:
    """Return `app` behind its guard, with every error told in words; call it when all else is mounted.

    Who asks, and by which scheme, is what a trusted proxy says (FORWARDED_ALLOW_IPS, else 127.0.0.1).
    """
    problems.install(app)
    trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    return cast("App", ProxyHeadersMiddleware(cast("Any", Guard(app, deps)), trusted_hosts=trusted))
