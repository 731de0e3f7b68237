"""Put the screens on the app: NiceGUI once, then each page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from nicegui import core, ui

from opsknight.ui import (
    channels,
    drills,
    fairness,
    fitness,
    frame,
    heartbeats,
    incident,
    incidents,
    integration,
    leaving,
    ledger,
    live,
    maintenance,
    me,
    oncall,
    people,
    person,
    policies,
    quicker,
    rules,
    schedules,
    services,
    style,
    teams,
    wall,
    what_if,
)

if TYPE_CHECKING:
    from opsknight.deps import Deps

PAGES = (
    incidents,
    incident,
    wall,
    schedules,
    services,
    integration,
    heartbeats,
    maintenance,
    rules,
    people,
    person,
    teams,
    oncall,
    policies,
    channels,
    what_if,
    drills,
    fitness,
    fairness,
    ledger,
    me,
    style,
)
PING_INTERVAL_S = 5
PING_TIMEOUT_S = 4
RECONNECT_S = 30
KEPT_MESSAGES = 200


def mount(app: FastAPI, deps: Deps) -> None:
    """Serve every page on `app`. To be called once, before the app starts."""
    dress(app)
    deps.hub.watch(leaving.heed)
    deps.hub.watch(live.heed)
    for page in PAGES:
        page.mount(deps)


def dress(app: FastAPI) -> None:
    """Put NiceGUI on `app`, in our clothes."""
    quicker.install()
    ui.run_with(
        app,
        title="OpsKnight",
        favicon=None,
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        message_history_length=KEPT_MESSAGES,
        show_welcome_message=False,
    )
    ui.add_head_html(frame.head(), shared=True)


def started() -> None:
    """Set the pace of the sockets' ping; to be called in the app's lifespan, after NiceGUI has set its own.

    A dead link is noticed within PING_INTERVAL_S + PING_TIMEOUT_S, though pages survive RECONNECT_S without one.
    """
    core.sio.eio.ping_interval = PING_INTERVAL_S
    core.sio.eio.ping_timeout = PING_TIMEOUT_S
