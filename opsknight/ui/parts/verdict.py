"""How something went, in words, with a mark for those who only glance."""

from __future__ import annotations

from typing import Literal

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

Kind = Literal["good", "warn", "bad", "wait", "none"]
_MARKS = {
    "good": "check",
    "warn": "help",
    "bad": "close",
    "wait": "clock",
    "none": "status-acknowledged",
}


def verdict(words: str, kind: Kind = "none", *, mark: str = "") -> ui.element:
    """Show `words`: it went well, look at it, it failed, it is under way, or nothing of the kind."""
    with tag("span", classes="ok-verdict", data_kind=kind) as element:
        icon(mark or _MARKS[kind])
        tag("span", words)
    return element
