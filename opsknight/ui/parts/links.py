"""Links: those that leave OpsKnight, http and https only whatever a monitor may have sent, and those between pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag


def outward(href: str, words: str, *, icon_name: str = "external", button: bool = False) -> ui.element:
    """Show a link to `href` in a new tab, or only its words where the address is not for a browser."""
    if not web_address(href):
        return tag("span", words)
    classes = "ok-button" if button else "ok-outward"
    with tag("a", classes=classes, href=href, target="_blank", rel="noopener noreferrer", title=href) as element:
        icon(icon_name)
        tag("span", words, classes="ok-cut")
    return element


def tabs(places: Mapping[str, str], *, here: str) -> ui.element:
    """Show the pages that belong together (address → name), the one that is looked at marked."""
    with tag("nav", classes="ok-tabs", aria_label="Pages that belong together") as element:
        for href, name in places.items():
            tag("a", name, href=href, aria_current="page" if href == here else None)
    return element


def web_address(href: str) -> bool:
    """Tell whether `href` is a whole http or https address."""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
