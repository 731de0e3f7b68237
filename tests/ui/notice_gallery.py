"""The gallery's wall, and what readiness is told to find while pages are open."""

from __future__ import annotations

from fastapi import APIRouter
from nicegui import ui

from opsknight.ui import notices, wall
from tests.ui import samples

routes = APIRouter()


@routes.post("/notices")
async def have_found(words: list[str]) -> None:
    """Have readiness find just this, all of it bad."""
    notices.tell([notices.Notice(one, "bad") for one in words])


@ui.page("/wall/all")
def wall_page() -> None:
    """Show the display, whose board nothing fills."""
    wall.show("all", samples.a_viewer())
