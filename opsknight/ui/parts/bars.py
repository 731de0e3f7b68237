"""A small chart: one bar for each span of time, its bad part in another colour and always large enough to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nicegui import ui

from opsknight.ui.parts.tag import tag

HEIGHT: Final = 56
COLUMN: Final = 10
GAP: Final = 2
LEAST: Final = 3.0
"""Height of the smallest part that is there at all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One span: how many in all, how many of them are `bad` or `held` off, and what it `says` under the pointer."""

    whole: int
    bad: int = 0
    says: str = ""
    held: int = 0


def bars(columns: Sequence[Bar], *, label: str) -> ui.element:
    """Show `columns` from left to right, as high as the highest needs; `label` says for everyone what they tell."""
    width, most = COLUMN * len(columns), max((bar.whole for bar in columns), default=0)
    view = {"viewBox": f"0 0 {width} {HEIGHT}", "preserveAspectRatio": "none"}
    with tag("svg", classes="ok-bars", role="img", aria_label=label, **view) as chart:
        for place, bar in enumerate(columns):
            with tag("g", classes="ok-bar"):
                if bar.says:
                    tag("title", bar.says)
                _box(place, HEIGHT, 0, "ok-bar-room")
                bad, held, good = heights(bar, most=most)
                _box(place, good, bad + held, "ok-bar-good")
                _box(place, held, bad, "ok-bar-held")
                _box(place, bad, 0, "ok-bar-bad")
        _box_across(width)
    return chart


def heights(bar: Bar, *, most: int) -> tuple[float, float, float]:
    """Return how high the bad, the held and the good part of `bar` are, from below, where `most` fills the chart."""
    left, found = float(HEIGHT), list[float]()
    for part in (bar.bad, bar.held, bar.whole - bar.bad - bar.held):
        height = min(left, max(LEAST, HEIGHT * part / most)) if part and most else 0.0
        found.append(height)
        left -= height
    return found[0], found[1], found[2]


def _box(place: int, height: float, above: float, classes: str) -> None:
    if height > 0:
        left, top = place * COLUMN + GAP / 2, HEIGHT - above - height
        tag("rect", classes=classes, x=left, y=f"{top:.2f}", width=COLUMN - GAP, height=f"{height:.2f}")


def _box_across(width: int) -> None:
    tag("rect", classes="ok-bar-floor", x=0, y=HEIGHT - 0.5, width=width, height=0.5)
