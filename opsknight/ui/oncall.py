"""/oncall: who is on call now and who is next, schedule by schedule, and whether a page reaches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.queries.going_on_call import ShiftCheck
from opsknight.domain.queries.handoffs import Handoffs
from opsknight.domain.queries.oncall import Duty
from opsknight.domain.queries.roster import RosterLine
from opsknight.errors import SignInRequired
from opsknight.ui.frame import frame
from opsknight.ui.going_on_call import ChecksShown
from opsknight.ui.handoffs import HandoffsShown
from opsknight.ui.handoffs import head as handoffs_head
from opsknight.ui.pages import page
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.person import person
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.people import AGAIN_EVERY_S, PLACES, head, show_instead
from opsknight.ui.people import PATH as PEOPLE
from opsknight.ui.reading import Turns, read_turns
from opsknight.ui.schedules.reading import read_checks, read_handoffs
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/oncall"
NO_TEAM: Final = "Schedules"
_COLUMNS: Final = "minmax(0, 1fr) minmax(0, 1.4fr) minmax(0, 1.2fr)"


def mount(deps: Deps) -> None:
    """Serve the page at /oncall."""

    @page(PATH, title="On call")
    async def on_call_page() -> None:
        viewer = await signed_in(deps)
        turns = await read_turns(deps, you=viewer.id)
        found, left = await read_checks(deps, viewer.id), await read_handoffs(deps, viewer.id)
        ui.add_head_html(head() + handoffs_head())
        with frame("On call", viewer, path=PEOPLE):
            shown, checks, handing = show(viewer, turns, found=found, left=left)

        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_turns(deps, you=viewer.id))
            checks.update(await read_checks(deps, viewer.id))
            handing.update(await read_handoffs(deps, viewer.id))

        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def show(
    viewer: Viewer, turns: Turns, *, found: Sequence[ShiftCheck], left: Handoffs
) -> tuple[OnCall, ChecksShown, HandoffsShown]:
    """Build the page: who is on call, then what the reader has to see to (`found`) and their handoffs (`left`)."""
    with heading("On call", "Who is paged now, until when, and who comes next."):
        pass
    tabs(PLACES, here=PATH)
    shown = OnCall(viewer)
    shown.update(turns)
    return shown, ChecksShown(found), HandoffsShown(left)


class OnCall:
    """The list on the page, built anew only where it would say something else."""

    def __init__(self, viewer: Viewer) -> None:
        """Build an empty list."""
        self._viewer = viewer
        self._shown: Turns | None = None
        self._place = tag("div", id="ok-on-call")

    def update(self, turns: Turns) -> None:
        """Show `turns`."""
        if turns == self._shown:
            return
        self._shown = turns
        self._place.clear()
        with self._place:
            if not turns.now:
                _teach()
            for team, schedules in _by_team(turns).items():
                with section(team), rows(_COLUMNS, ("Schedule", "Now", "Next"), what=f"On call for {team}"):
                    for schedule_id in schedules:
                        self._schedule(turns, schedule_id)

    def _schedule(self, turns: Turns, schedule_id: int) -> None:
        now = [duty for duty in turns.now if duty["schedule_id"] == schedule_id]
        with row(classes="ok-duty-row"):
            tag("span", now[0]["schedule"], classes="ok-duty-name")
            with tag("div", classes="ok-duty-people"):
                for duty in now:
                    self._now(duty, turns.people)
            with tag("div", classes="ok-duty-people"):
                _next(turns.then.get(schedule_id, ()), turns.changes_at.get(schedule_id), reader=self._viewer.id)

    def _now(self, duty: Duty, people: Mapping[int, RosterLine]) -> None:
        if duty["user"] is None or duty["user_id"] is None:
            with tag("p", classes="ok-nobody"):
                icon("close")
                tag("span", " Nobody")
            return
        with tag("div"):
            with tag("a", href=f"{PEOPLE}/{duty['user_id']}", classes="ok-member-name"):
                person(duty["user"], you=duty["user_id"] == self._viewer.id)
            with tag("p", classes="ok-muted"):
                if duty["until"] is not None:
                    tag("span", "until ")
                    moment(duty["until"], "soon")
            if (line := people.get(duty["user_id"])) is not None:
                if not line["reachable"]:
                    verdict(line["why"], "bad")
                show_instead(line)


def _next(then: Sequence[Duty], changes_at: float | None, *, reader: int) -> None:
    """Say who takes over when the first of those on call now goes, or when a gap ends."""
    if changes_at is None:
        tag("p", "Nobody within a year", classes="ok-faint")
        return
    for duty in then:
        if duty["user"] is None:
            with tag("p", classes="ok-nobody"):
                icon("close")
                tag("span", " Nobody")
        else:
            with tag("a", href=f"{PEOPLE}/{duty['user_id']}", classes="ok-member-name"):
                person(duty["user"], you=duty["user_id"] == reader)
    with tag("p", classes="ok-muted"):
        tag("span", "next, from ")
        moment(changes_at, "soon")


def _by_team(turns: Turns) -> Mapping[str, Sequence[int]]:
    """Return the schedules of each team by its name, in the order of `turns`."""
    found: dict[str, list[int]] = {}
    for duty in turns.now:
        schedules = found.setdefault(turns.teams.get(duty["schedule_id"], NO_TEAM), [])
        if duty["schedule_id"] not in schedules:
            schedules.append(duty["schedule_id"])
    return dict(sorted(found.items(), key=lambda one: one[0].lower()))


def _teach() -> None:
    says = "A schedule says who is on call when. Until there is one, only people whom a policy names are paged."
    with empty("No schedule yet", says, icon_name="clock"):
        pass
