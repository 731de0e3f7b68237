"""Where an incident stands, as a mark and a word."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

STATUSES = ("open", "acknowledged", "snoozed", "suppressed", "resolved")


def status(name: str) -> ui.element:
    """Show the status `name`, one of STATUSES."""
    with tag("span", classes="ok-status", data_status=name) as element:
        icon(f"status-{name}")
        tag("span", name.capitalize())
    return element
