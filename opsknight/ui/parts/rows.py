"""A quiet table: hairlines between rows, columns by one measure. For short lists; the board has its own."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from opsknight.ui.parts.tag import tag


def rows(columns: str, heads: Sequence[str] = (), *, what: str = "") -> ui.element:
    """Return a list whose rows share `columns` (a CSS grid-template-columns), under `heads` where there are any."""
    with tag("div", classes="ok-rows", role="list", aria_label=what or None) as element:
        element.style(f"--ok-columns: {columns}")
        if heads:
            with tag("div", classes="ok-row ok-row-head", aria_hidden="true"):
                for head in heads:
                    tag("span", head)
    return element


def row(*, classes: str = "") -> ui.element:
    """Return one row; what is built inside fills the columns in order."""
    return tag("div", classes=f"ok-row {classes}", role="listitem")
