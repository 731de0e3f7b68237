"""/wall/{board}: the board for a screen on a wall, full screen, for whoever is signed in there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from opsknight.ui import live
from opsknight.ui.board.board import Wall
from opsknight.ui.frame import landmark
from opsknight.ui.notices import Notices
from opsknight.ui.pages import page
from opsknight.ui.viewer import Viewer, signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps


def mount(deps: Deps) -> None:
    """Serve a wall display for each board: `all`, a team's name, or a service's."""

    @page("/wall/{board}")
    async def wall_page(board: str) -> None:
        viewer = await signed_in(deps)
        ui.page_title(f"Wall · {board} · OpsKnight")
        live.follow(viewer.audience)
        show(board, viewer)


def show(board: str, viewer: Viewer) -> None:
    """Build the display of `board`, with what must be mended above it."""
    client = ui.context.client
    landmark(client)
    with client.layout.classes("ok-full-wall"):
        Notices(viewer.notices)
        client.page_container.move(client.layout)
    Wall(board)
