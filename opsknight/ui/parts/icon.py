"""An icon in the colour of the text beside it; decoration only, so the words must be there too."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.tag import tag


def icon(name: str, *, classes: str = "") -> ui.element:
    """Show the icon `name` of assets/icons.css, hidden from screen readers."""
    return tag("span", classes=f"ok-icon ok-icon-{name} {classes}", aria_hidden="true")
