"""One's own shifts, on one's own page: when they are, and the way to have somebody else take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opsknight.domain.model.ledger import span
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.schedule_overviews import OWN_AHEAD, OwnShift
from opsknight.ui.parts.button import button
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.schedules.components import AskedOfOthers
from opsknight.ui.viewer import Viewer

NAMED: Final = 5
"""Shifts that are shown at once; the others unfold."""
SHADOWED: Final = 20


def show(viewer: Viewer, shifts: Sequence[OwnShift], shadowing: Sequence[OwnShift] = ()) -> None:
    """Build the section: the shifts to come, what is offered, and leave; and when one only listens, where one does."""
    says = (
        f"The next {OWN_AHEAD.days // 7} weeks. Until somebody takes a shift that you offer, you are paged as before."
    )
    with section("Your shifts", says), tag("div", classes="ok-own-shifts"):
        if not shifts:
            tag("p", "You are on no schedule in this time.", classes="ok-muted")
        else:
            with rows("minmax(0, 1fr) minmax(0, 1.4fr) auto", what="Your shifts"):
                for one in shifts[:NAMED]:
                    _shift(viewer, one)
        if len(shifts) > NAMED:
            with tag("details", classes="ok-more"):
                tag("summary", f"{len(shifts) - NAMED} more")
                with rows("minmax(0, 1fr) minmax(0, 1.4fr) auto", what="Your later shifts"):
                    for one in shifts[NAMED:]:
                        _shift(viewer, one)
        AskedOfOthers(viewer, schedules={one["schedule_id"]: one["schedule"] for one in shifts})
        if shadowing:
            with tag("details", classes="ok-more"):
                tag("summary", "When you shadow")
                tag("p", "You follow what happens on the board. You are not paged for it.", classes="ok-muted")
                with rows("minmax(0, 1fr) minmax(0, 1.4fr) auto", what="When you shadow"):
                    for one in shadowing[:SHADOWED]:
                        _shift(viewer, one, listens=True)


def _shift(viewer: Viewer, one: OwnShift, *, listens: bool = False) -> None:
    place = f"/schedules/{one['schedule_id']}"
    with row(classes="ok-own-shift"):
        tag("a", one["schedule"], href=place, classes="ok-cut")
        with tag("span", classes="ok-wide"):
            moment(one["start_at"])
            tag("span", " to ")
            moment(one["end_at"])
            tag("span", f" · {span(one['end_at'] - one['start_at'])}", classes="ok-muted")
        if viewer.may(Need.ARRANGE_COVER) and not listens:
            button("Ask others to take it", kind="quiet", small=True, href=f"{place}?ask={one['start_at']:.0f}")
