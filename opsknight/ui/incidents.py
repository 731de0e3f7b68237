"""/incidents: the live board inside the frame; the first place after signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import RedirectResponse
from nicegui import ui

from opsknight.ui.board.board import Board
from opsknight.ui.frame import frame
from opsknight.ui.viewer import signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps


def mount(deps: Deps) -> None:
    """Serve the board at /incidents, and lead there from /."""

    @ui.page("/")
    def start_page() -> RedirectResponse:
        return RedirectResponse("/incidents")

    @ui.page("/incidents", title="Incidents")
    async def incidents_page() -> None:
        viewer = await signed_in(deps)
        with frame("Incidents", viewer, wide=True):
            Board(viewer)
