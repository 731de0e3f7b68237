"""An instant in the reader's own time zone; the browser fills in the words and keeps them true."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from nicegui import ui

from opsknight.ui.parts.tag import tag

As = Literal["clock", "day", "full", "ago", "in", "span", "seconds", "soon"]


def moment(at: datetime | float, as_: As = "clock", *, classes: str = "") -> ui.element:
    """Show the instant `at` (aware, or epoch seconds) the way `as_` says.

    `clock` 14:03 (with the day when it is not today) · `day` Mon 24 Nov · `full` with zone · `ago` 3m ago ·
    `in` in 4m 10s, counting down · `span` 6h 13m, counting up ·
    `seconds` 14:03:59 · `soon` as clock, and more than six days ahead the day alone.
    Hovering tells local time with zone, UTC, and how long ago or ahead.
    Until the browser has its say, the time is shown in UTC.
    """
    when = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    when = when.astimezone(UTC)
    return tag(
        "time",
        f"{when:%H:%M} UTC",
        classes=f"ok-tab {classes}",
        datetime=when.isoformat(timespec="milliseconds"),
        data_as=as_,
    )
