"""The strip above the board that says which maintenance runs, so that quiet is not taken for well."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsknight.domain.queries.maintenance import WindowLine
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import read_running

if TYPE_CHECKING:
    from opsknight.deps import Deps

FRESH_S = 5.0
NAMED = 3
"""Windows that are named; the rest is counted."""


class RunningNow:
    """Which windows run, read once for all pages that ask within FRESH_S: a hundred boards ask every ten seconds."""

    def __init__(self, deps: Deps) -> None:
        """Have read nothing yet."""
        self._deps = deps
        self._lines: Sequence[WindowLine] = ()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def lines(self) -> Sequence[WindowLine]:
        """Return them as they were within the last FRESH_S seconds."""
        async with self._reading:
            if self._deps.clock.monotonic() - self._read_at >= FRESH_S:
                self._lines = await read_running(self._deps)
                self._read_at = self._deps.clock.monotonic()
            return self._lines


class Running:
    """One line for all windows that run; nothing when none does."""

    def __init__(self, lines: Sequence[WindowLine]) -> None:
        """Build it for `lines`."""
        self._shown: Sequence[WindowLine] | None = None
        self._place = tag("aside", classes="ok-running", aria_label="Maintenance that runs now")
        self.update(lines)

    def shows(self, lines: Sequence[WindowLine]) -> bool:
        """Tell whether it says `lines` already."""
        return lines == self._shown

    def update(self, lines: Sequence[WindowLine]) -> None:
        """Show `lines`, built anew only where they say something else."""
        if self.shows(lines):
            return
        self._shown = lines
        self._place.clear()
        self._place.props["hidden"] = not lines
        self._place.update()
        with self._place:
            for line in lines[:NAMED]:
                _window(line)
            if len(lines) > NAMED:
                tag("a", f"and {len(lines) - NAMED} more", href="/maintenance")


def _window(line: WindowLine) -> None:
    with tag("p"):
        icon("wrench")
        tag("a", line["name"], href=f"/maintenance#window-{line['id']}")
        tag("span", f" · {line['about']} · what opens pages nobody until ")
        if line["now"] is not None:
            moment(line["now"]["end_at"])
        if line["resting"]:
            tag("b", f" · {line['resting']} quiet")
