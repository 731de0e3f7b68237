"""The head of an incident's page: the one part of it that acts, and therefore lives in the browser."""

from __future__ import annotations

from nicegui.element import Element

from opsknight.domain.queries.board import BoardLine
from opsknight.ui.viewer import Viewer


class Head(Element, component="head.js"):
    """Shows `line` (a board line), does the verbs by HTTP, and emits `changed` when the incident did."""

    def __init__(self, line: BoardLine, viewer: Viewer, *, keep_quiet: bool = False) -> None:
        """Build it for what `viewer` may see; the browser keeps it true from then on.

        `keep_quiet`: it was resolved while its monitor still fires, and may be kept quiet until it clears instead.
        """
        super().__init__()
        self._props["incident"] = dict(line)
        self._props["keep_quiet"] = keep_quiet
        self._props["me"] = {"id": viewer.id, "name": viewer.name}
