"""A short menu that opens under its button."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag


@contextmanager
def menu(name: str, *, label: str) -> Iterator[ui.element]:
    """Build a menu that a button with `popovertarget=name` opens; what is built inside are its items."""
    with (
        tag("div", classes="ok-pop", id=name, popover="auto", aria_label=label, role="group"),
        tag("div", classes="ok-menu") as items,
    ):
        yield items


def item(words: str, *, icon_name: str, href: str = "", **attributes: object) -> ui.element:
    """Add an item that says `words`."""
    place = {"href": href} if href else {"type": "button"}
    with tag("a" if href else "button", **{**place, **attributes}) as element:
        icon(icon_name)
        tag("span", words)
    return element
