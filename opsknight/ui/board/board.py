"""The live board's Python face. What it shows never passes through NiceGUI: the browser reads and asks by HTTP.

`board.js` and `wall.js` are the two components; the modules in `js/` carry them and are served beside each other
under the name `opsknight-board`, so that they can import one another and be tested without a browser.
"""

from __future__ import annotations

from pathlib import Path

from nicegui import ui
from nicegui.dependencies import register_esm
from nicegui.element import Element

from opsknight.ui.assets import asset
from opsknight.ui.senders import curl
from opsknight.ui.viewer import Viewer

_MODULES = Path(__file__).parent / "js"
register_esm(
    "opsknight-board",
    _MODULES,
    max_time=max(module.stat().st_mtime for module in _MODULES.iterdir()),  # the address changes with any of them
)


class Board(Element, component="board.js"):
    """Every open incident, live, worst first, with everything that can be done to it."""

    def __init__(self, viewer: Viewer, *, snapshot_url: str = "/api/v1/board") -> None:
        """Build it for `viewer`; the browser fills it from `snapshot_url`, then from the socket's `board` events."""
        super().__init__()
        _style("board.css")
        self._props["snapshot_url"] = snapshot_url
        self._props["me"] = {"id": viewer.id, "name": viewer.name, "role": viewer.role}
        self._props["curl"] = curl("{origin}", "{key}")


class Wall(Element, component="wall.js"):
    """The same incidents to be read from across a room: nothing to press, as many as fit, the rest counted."""

    def __init__(self, board: str, *, snapshot_url: str = "/api/v1/board") -> None:
        """Build it for `board`, a name or `all`."""
        super().__init__()
        _style("board.css")
        _style("wall.css")
        self._props["snapshot_url"] = snapshot_url
        self._props["board"] = board


def _style(name: str) -> None:
    ui.add_head_html(f'<link rel="stylesheet" href="{asset(name)}">')
