"""Buttons: one primary deed on a page, plain ones beside it, quiet ones for what is seldom needed."""

from __future__ import annotations

from typing import Literal

from nicegui import ui

from opsknight.ui.parts.icon import icon as show_icon
from opsknight.ui.parts.keycap import keycap
from opsknight.ui.parts.tag import tag

Kind = Literal["primary", "plain", "quiet", "danger"]


def button(
    words: str,
    *,
    kind: Kind = "plain",
    icon: str = "",
    key: str = "",
    small: bool = False,
    href: str = "",
    **attributes: object,
) -> ui.element:
    """Show a button that says `words`, or a link that looks like one where `href` says where to.

    `key` is the single key that does the same, shown on a cap. `attributes` go to the element; what a press
    does is either `.on("click", …)` or `data_act`, the name of an act of assets/page.js.
    """
    classes = f"ok-button ok-button-{kind} {'ok-button-small' if small else ''}"
    place = {"href": href} if href else {"type": "button"}
    with tag("a" if href else "button", classes=classes, **{**place, **attributes}) as element:
        if icon:
            show_icon(icon)
        tag("span", words)
        if key:
            keycap(key)
    return element


def post_button(
    words: str,
    url: str,
    body: str = "{}",
    *,
    said: str = "",
    kind: Kind = "plain",
    icon: str = "",
    small: bool = False,
    **attributes: str,
) -> ui.element:
    """Show a button that sends `body` (JSON) to `url` and says the answer's sentence, or `said` if it went well.

    `attributes` go to the element.
    """
    return button(
        words,
        kind=kind,
        icon=icon,
        small=small,
        data_act="post",
        data_url=url,
        data_body=body,
        data_said=said or None,
        **attributes,
    )
