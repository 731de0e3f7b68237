"""The gallery's wall, and what readiness is told to find while pages are open."""

from __future__ import annotations

import time

from fastapi import APIRouter
from nicegui import core, ui

from opsknight.ui import notices, wall
from tests.ui import samples

routes = APIRouter()


@routes.post("/notices")
async def have_found(words: list[str]) -> None:
    """Have readiness find just this, all of it bad."""
    notices.tell([notices.Notice(one, "bad") for one in words])


@routes.post("/missed")
async def miss() -> None:
    """Tell by a beat that there was more than the pages have heard."""
    await core.sio.emit("beat", {"now": time.time(), "rev": "a.1.8"})


@ui.page("/wall/all")
def wall_page() -> None:
    """Show the display, whose board nothing fills."""
    wall.show("all", samples.a_viewer())
