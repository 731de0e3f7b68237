"""A person: initials and name, and whether it is the reader."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.avatar import avatar
from opsknight.ui.parts.tag import tag


def person(name: str | None, *, you: bool = False) -> ui.element:
    """Show the person called `name`; None says that nobody is meant."""
    if name is None:
        return tag("span", "Nobody", classes="ok-faint")
    with tag("span", classes="ok-person") as element:
        avatar(name, you=you)
        tag("span", name, classes="ok-cut")
        if you:
            tag("span", "you", classes="ok-you")
    return element
