"""The strip above the board that says which maintenance runs, so that quiet is not taken for well."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.maintenance import WindowLine
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag

NAMED = 3
"""Windows that are named; the rest is counted."""


class Running:
    """One line for all windows that run; nothing when none does."""

    def __init__(self, lines: Sequence[WindowLine]) -> None:
        """Build it for `lines`."""
        self._shown: Sequence[WindowLine] | None = None
        self._place = tag("aside", classes="ok-running", aria_label="Maintenance that runs now")
        self.update(lines)

    def update(self, lines: Sequence[WindowLine]) -> None:
        """Show `lines`, built anew only where they say something else."""
        if lines == self._shown:
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
