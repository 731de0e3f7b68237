"""A dialog: asked for by a button, closed by Esc, by its cross or by a press beside it; the focus goes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag


@contextmanager
def dialog(name: str, title: str) -> Iterator[ui.element]:
    """Build a dialog that `data_act="dialog", data_dialog=name` opens; what is built inside is its body."""
    with tag("dialog", classes="ok-dialog", id=name, aria_labelledby=f"{name}-title"):
        with tag("div", classes="ok-dialog-head"):
            tag("h2", title, id=f"{name}-title")
            with tag("button", classes="ok-tool", type="button", data_act="close", aria_label="Close"):
                icon("close")
        with tag("div", classes="ok-dialog-body") as body:
            yield body
