"""A list of things that were looked at: each with a mark, and how it stands in a sentence."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

_MARKS: Final = {"good": ("check", "All right"), "warn": ("help", "Look at it"), "bad": ("close", "Mend it")}


def checks() -> ui.element:
    """Return the list."""
    return tag("ul", classes="ok-checks")


def check(state: str, sentence: str) -> None:
    """Say how one thing stands: `state` is good, warn or bad."""
    mark, words = _MARKS[state]
    with tag("li", data_state=state):
        icon(mark)
        with tag("span"):
            tag("span", f"{words}: ", classes="ok-hide")
            tag("span", sentence)
