"""A person's initials in a small disc."""

from __future__ import annotations

from nicegui import ui

from opsknight.ui.parts.tag import tag


def initials(name: str) -> str:
    """Return one or two letters for `name`: of its first and last word, “?” for an empty one."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def avatar(name: str, *, you: bool = False, classes: str = "") -> ui.element:
    """Show the initials of `name`; the name itself must stand beside it. `you` marks the reader."""
    mine = "ok-avatar-you" if you else ""
    return tag("span", initials(name), classes=f"ok-avatar {mine} {classes}", aria_hidden="true")
