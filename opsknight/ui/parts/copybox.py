"""Something to be copied exactly: a key, a curl line, an address."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag


def copy_button(text: str, *, words: str = "Copy", what: str = "") -> ui.element:
    """Show a small button that copies `text`; `what` names it for those who do not see what stands beside it."""
    with tag(
        "button",
        classes="ok-copy",
        type="button",
        data_act="copy",
        data_copy=text,
        data_word=words,
        aria_label=f"{words} {what}".strip(),
    ) as element:
        icon("copy")
    return element


def copybox(text: str, *, what: str = "") -> ui.element:
    """Show `text` as it will be copied, with the button that does so."""
    with tag("div", classes="ok-copybox") as element:
        tag("code", text)
        copy_button(text, what=what)
    return element
