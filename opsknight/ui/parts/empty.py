"""What stands where nothing is yet: why, and the one line or press that changes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from opsknight.ui.parts.copybox import copybox
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag


@contextmanager
def empty(
    title: str, says: str, *, line: str = "", icon_name: str = "list", whole_page: bool = False
) -> Iterator[ui.element]:
    """Teach what to do: `title` and `says` in words, `line` to be copied; what is built inside are the deeds.

    `whole_page` makes it the page's own heading.
    """
    with tag("div", classes="ok-empty"):
        icon(icon_name)
        with tag("div"):
            tag("h1" if whole_page else "h2", title)
            tag("p", says)
        if line:
            copybox(line, what="the line")
        with tag("div", classes="ok-buttons") as deeds:
            yield deeds
