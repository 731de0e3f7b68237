"""The temporary schedules of a schedule, those of now and to come: which, until when; edited and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from opsknight.domain.queries.schedule_lines import ScheduleLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag


def show(line: ScheduleLine, lines: Sequence[dict[str, Any]], *, may_change: bool) -> Temporaries:
    """Build the section."""
    says = "For a while other shifts are all there is: a move, the holidays, a fair. Nothing else counts then."
    with section("Temporary schedules", says, anchor="temporary"):
        shown = Temporaries(may_change=may_change)
        shown.update(lines)
        if may_change:
            with tag("div", classes="ok-buttons ok-after"):
                button("Replace it for a while", icon="plus", href=f"/schedules/{line['id']}/temporary")
    return shown


class Temporaries:
    """The list on the page, built anew only where it would say something else; `place` hears `changed`."""

    def __init__(self, *, may_change: bool) -> None:
        """Build an empty list."""
        self._may_change = may_change
        self._shown: Sequence[dict[str, Any]] | None = None
        self.place: ui.element = tag("div", id="ok-temporary")

    def update(self, lines: Sequence[dict[str, Any]]) -> None:
        """Show `lines`."""
        if lines == self._shown:
            return
        self._shown = lines
        self.place.clear()
        with self.place:
            if not lines:
                tag("p", "Nothing replaces it, now or later.", classes="ok-muted")
                return
            with rows("minmax(0, 1.2fr) minmax(0, 1fr) 11rem", what="Temporary schedules"):
                for one in lines:
                    self._one(one)

    def _one(self, one: dict[str, Any]) -> None:
        with row(classes="ok-imported"):
            tag("b", one["name"], classes="ok-cut")
            with tag("div"):
                moment(one["start_at"])
                tag("span", " to ")
                moment(one["end_at"])
            with tag("div", classes="ok-buttons"):
                if self._may_change:
                    button(
                        "Edit",
                        kind="quiet",
                        small=True,
                        href=f"/schedules/{one['schedule_id']}/temporary/{one['id']}",
                        aria_label=f"Edit {one['name']}",
                    )
                    button(
                        "Withdraw",
                        kind="quiet",
                        small=True,
                        data_act="temporary-withdraw",
                        data_url=f"/api/v1/temporary-schedules/{one['id']}",
                        aria_label=f"Withdraw {one['name']}",
                    )
