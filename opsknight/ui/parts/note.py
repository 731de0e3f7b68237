"""Something to know before going on: what is so, what it means, what to do."""

from __future__ import annotations

from typing import Literal

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

_MARKS = {"plain": "help", "good": "check", "warn": "bell", "bad": "close"}


def note(words: str, *, title: str = "", kind: Literal["plain", "good", "warn", "bad"] = "plain") -> ui.element:
    """Show `words` in a box of its own, under `title` if it has one, and return the box's text to add to."""
    with tag("div", classes="ok-note", data_kind=kind):
        icon(_MARKS[kind])
        with tag("div") as body:
            if title:
                tag("b", title)
            tag("p", words)
    return body
