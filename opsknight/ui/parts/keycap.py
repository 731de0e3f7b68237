"""Keys as they are printed on the keyboard."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.tag import tag


def keycap(*keys: str) -> ui.element:
    """Show `keys`, pressed one after the other; “Mod” is ⌘ on a Mac and Ctrl elsewhere."""
    with tag("span", classes="ok-keys") as group:
        for key in keys:
            tag("kbd", "Ctrl" if key == "Mod" else key, classes="ok-key", data_mod="" if key == "Mod" else None)
    return group
