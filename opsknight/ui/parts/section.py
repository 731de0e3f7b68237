"""The head of a page and its sections: what it is on the left, the thing itself on the right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from opsknight.ui.parts.tag import tag


@contextmanager
def heading(title: str, says: str = "") -> Iterator[ui.element]:
    """Show the page's title with a sentence under it; what is built inside stands at the right."""
    with tag("div", classes="ok-head"):
        with tag("div"):
            tag("h1", title)
            if says:
                tag("p", says)
        with tag("div", classes="ok-buttons") as actions:
            yield actions


@contextmanager
def section(title: str, says: str = "", *, anchor: str = "") -> Iterator[ui.element]:
    """Show a section called `title`; what is built inside is its body. `anchor` can be linked to."""
    name = anchor or "s-" + "-".join(title.lower().split())
    with tag("section", classes="ok-section", id=name, aria_labelledby=f"{name}-title"):
        with tag("div", classes="ok-section-head"):
            tag("h2", title, id=f"{name}-title")
            if says:
                tag("p", says)
        with tag("div", classes="ok-section-body") as body:
            yield body
