"""/incidents: the live board inside the frame; the first place after signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import RedirectResponse
from nicegui import ui

from opsknight.errors import SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.board.board import Board
from opsknight.ui.frame import frame
from opsknight.ui.maintenance import AGAIN_EVERY_S, STYLES
from opsknight.ui.maintenance_strip import Running, RunningNow
from opsknight.ui.pages import page
from opsknight.ui.reading import read_running
from opsknight.ui.viewer import signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps


def mount(deps: Deps) -> None:
    """Serve the board at /incidents, and lead there from /."""
    running_now = RunningNow(deps)

    @page("/")
    def start_page() -> RedirectResponse:
        return RedirectResponse("/incidents")

    @page("/incidents", title="Incidents")
    async def incidents_page() -> None:
        viewer = await signed_in(deps)
        running = await read_running(deps)
        ui.add_head_html(f'<link rel="stylesheet" href="{asset(STYLES)}">')
        with frame("Incidents", viewer, wide=True):
            strip = Running(running)
            Board(viewer)

        async def again() -> None:
            lines = await running_now.lines()
            if strip.shows(lines):
                return
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            strip.update(lines)

        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)
