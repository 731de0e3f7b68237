"""When something was used last, and by which program."""

from __future__ import annotations

from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag

PROGRAM_SHOWN = 60
"""Characters of a program's own name that are shown."""


def last_use(word: str, at: float | None, by: str) -> None:
    """Show “ · used 5m ago by curl”, with the `word` for it, or that it never was."""
    if at is None:
        tag("span", f" · never {word}")
        return
    tag("span", f" · {word} ")
    moment(at, "ago")
    tag("span", f" by {by[:PROGRAM_SHOWN]}" if by else "")
