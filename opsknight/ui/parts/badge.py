"""How bad the monitor says it is: shape, word and colour, so that no one of the three must be seen."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.tag import tag

SEVERITIES = ("critical", "error", "warning", "info")


def badge(severity: str, *, solid: bool = True) -> ui.element:
    """Show `severity`, solid while it needs a human and outlined once someone has it."""
    with tag("span", classes=f"ok-badge {'ok-badge-solid' if solid else ''}", data_severity=severity) as element:
        tag("span", classes=f"ok-shape ok-shape-{severity}", aria_hidden="true")
        tag("span", severity.capitalize())
    return element


def label(words: str) -> ui.element:
    """Show `words` in a quiet outline: a priority, a tag, a kind."""
    return tag("span", words, classes="ok-badge ok-badge-plain")
