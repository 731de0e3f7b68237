"""The check before a shift, on screen: what stands well, and what to see to."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.going_on_call import ShiftCheck
from opsknight.ui.parts.checks import check, checks
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag


class ChecksShown:
    """The checks of the reader's shifts, built anew only where they would say something else."""

    def __init__(self, found: Sequence[ShiftCheck]) -> None:
        """Build them, or nothing where no shift runs or begins soon."""
        self._place = tag("div")
        self._shown: Sequence[ShiftCheck] = ()
        self.update(found)

    def update(self, found: Sequence[ShiftCheck]) -> None:
        """Show `found`."""
        if found == self._shown:
            return
        self._shown = found
        self._place.clear()
        if found:
            says = "Your shifts that run or begin within a day, and whether you are ready for them."
            with self._place, section("Before your shift", says), tag("div", classes="ok-handoffs"):
                for one in found:
                    _shift(one)


def _shift(one: ShiftCheck) -> None:
    with tag("article", classes="ok-handoff"):
        with tag("header", classes="ok-paged-head"):
            tag("a", one["schedule"], href=f"/schedules/{one['schedule_id']}")
            with tag("span", classes="ok-faint ok-handoff-when"):
                moment(one["start_at"])
                tag("span", " to ")
                moment(one["end_at"])
        with checks():
            for each in one["checks"]:
                check(each["state"], each["sentence"])
