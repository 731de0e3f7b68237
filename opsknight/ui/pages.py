"""Pages and their addresses."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

BUILT_WITHIN_S: Final = 30.0
"""NiceGUI's own 3 s are too little on a busy machine or with a slow database: its error page comes back by no means."""


def page(path: str, *, title: str | None = None) -> Any:
    """Serve what the decorated function builds at `path`; a page that takes long to build is waited for."""
    return ui.page(path, title=title, response_timeout=BUILT_WITHIN_S)
