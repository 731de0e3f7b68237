"""Figures in a row, each with what it counts."""

from __future__ import annotations

from typing import Literal

from nicegui import ui

from opsknight.ui.parts.tag import tag


def stats() -> ui.element:
    """Return the row that holds figures."""
    return tag("div", classes="ok-stats")


def stat(figure: str, counts: str, *, kind: Literal["plain", "warn", "bad"] = "plain") -> ui.element:
    """Show `figure`, large, and under it what it `counts`; a colour only where someone must act."""
    with tag("div", classes="ok-stat", data_kind=kind) as element:
        tag("b", figure)
        tag("span", counts)
    return element
