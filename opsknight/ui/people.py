"""/people: who is here, who is reached by a page and who is not, whose turn it is; and how admins let somebody in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.channel import face
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.roster import RosterLine
from opsknight.errors import SignInRequired
from opsknight.ui.address_form import SCRIPT as ADDRESS_SCRIPT
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.avatar import avatar
from opsknight.ui.parts.badge import label
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.people_forms import INVITE, build_invite, build_link
from opsknight.ui.reading import read_roster, read_team_names
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/people"
STYLES: Final = "people.css"
SCRIPT: Final = "people.js"
AGAIN_EVERY_S: Final = 30.0
"""How soon a shift that begins shows on an open page; what is changed here shows at once."""
FILTER_FROM: Final = 9
PLACES: Final[Mapping[str, str]] = {
    "/people": "People",
    "/teams": "Teams",
    "/oncall": "On call",
    "/policies": "Policies",
    "/channels": "Channels",
    "/readiness": "Readiness",
    "/drills": "Drills",
}
_COLUMNS: Final = "minmax(0, 1.3fr) minmax(0, 1fr) minmax(0, 1fr) minmax(0, 1.2fr)"


def mount(deps: Deps) -> None:
    """Serve the page at /people."""

    @page(PATH, title="People")
    async def people_page() -> None:
        viewer = await signed_in(deps)
        may_arrange = viewer.may(Need.ADMINISTER)
        lines = await read_roster(deps, addresses=may_arrange)
        ui.add_head_html(head())
        with frame("People", viewer):
            shown = show(viewer, lines, teams=await read_team_names(deps))

        @in_turn
        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_roster(deps, addresses=may_arrange))

        shown.place.on("changed", again, args=[])
        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def head() -> str:
    """Return what stands in the head of the pages about people besides."""
    scripts = "".join(f'<script defer src="{asset(name)}"></script>' for name in (SCRIPT, ADDRESS_SCRIPT))
    return f'<link rel="stylesheet" href="{asset(STYLES)}">{scripts}'


def show(viewer: Viewer, lines: Sequence[RosterLine], *, teams: Mapping[str, str]) -> People:
    """Build the page; `teams` (id → name) are those that somebody new can belong to."""
    may_arrange = viewer.may(Need.ADMINISTER)
    with heading("People", "Who can be on call, whether a page reaches them, and whose turn it is."):
        if len(lines) >= FILTER_FROM:
            _filter()
        if may_arrange:
            button("Invite somebody", kind="primary", icon="plus", data_act="person-invite", data_dialog=INVITE)
    tabs(PLACES, here=PATH)
    shown = People(viewer)
    shown.update(lines)
    tag("p", "Nobody of that name.", classes="ok-muted ok-filter-none", hidden=True)
    if may_arrange:
        build_invite(teams)
        build_link()
    return shown


def show_reach(line: RosterLine) -> None:
    """Say by what a page reaches somebody, or why none does."""
    if not line["active"]:
        verdict("Deactivated", "none", mark="close")
    elif line["reachable"]:
        verdict(" and ".join(face(each).label for each in line["channels"]), "good")
    elif line["link_out"] and not line["signed_in"]:
        verdict("Invited, not here yet", "wait")
    else:
        verdict(line["why"], "bad")


def show_instead(line: RosterLine) -> None:
    """Say who is paged instead of somebody who is not to be disturbed now."""
    if (instead := line["instead"]) is None:
        return
    says = "nobody can stand in, so they are paged." if instead["user"] is None else f"{instead['user']} is paged."
    with tag("p", classes="ok-muted ok-instead"):
        icon("moon")
        with tag("span"):
            tag("span", "Not to be disturbed until ")
            moment(instead["until"], "soon")
            tag("span", f": {says}")


class People:
    """The list on the page, built anew only where it would say something else."""

    def __init__(self, viewer: Viewer) -> None:
        """Build an empty list; `place` hears `changed` when the browser has changed something."""
        self._viewer = viewer
        self._shown: Sequence[RosterLine] | None = None
        self.place = tag("div", id="ok-people")

    def update(self, lines: Sequence[RosterLine]) -> None:
        """Show `lines`."""
        if lines == self._shown:
            return
        self._shown = lines
        self.place.clear()
        active = [line for line in lines if line["active"]]
        gone = [line for line in lines if not line["active"]]
        with self.place:
            if [line["id"] for line in active] == [self._viewer.id]:
                self._teach()
            with rows(_COLUMNS, ("Name", "Teams", "A page reaches them by", "On call"), what="People"):
                for line in active:
                    self._person(line)
            if gone:
                with tag("details", classes="ok-more"):
                    tag("summary", f"Deactivated: {len(gone)}")
                    with rows(_COLUMNS, what="Deactivated people"):
                        for line in gone:
                            self._person(line)

    def _teach(self) -> None:
        says = (
            "Nobody else can be paged yet. Invite those who shall be on call: each gets a link that signs them in, and"
            " says for themselves how a page reaches them."
        )
        with empty("You are alone here", says, icon_name="team"):
            if self._viewer.may(Need.ADMINISTER):
                button("Invite somebody", icon="plus", data_act="person-invite", data_dialog=INVITE)

    def _person(self, line: RosterLine) -> None:
        you = line["id"] == self._viewer.id
        with row(classes="ok-human"):
            with tag("div", classes="ok-human-who"):
                avatar(line["name"], you=you)
                with tag("div"):
                    tag("a", line["name"], href=f"{PATH}/{line['id']}", classes="ok-human-name")
                    if you:
                        tag("span", "you", classes="ok-you")
                    tag("p", f"{line['role'].capitalize()} · {line['email']}", classes="ok-faint ok-cut")
            with tag("div", classes="ok-human-teams"):
                for team in line["teams"]:
                    label(f"{team['name']}, manages" if team["manages"] else team["name"]).classes("ok-cut")
            with tag("div"):
                show_reach(line)
                show_instead(line)
            with tag("div", classes="ok-human-turn"):
                _turn(line)


def _turn(line: RosterLine) -> None:
    """Say what somebody is on call for now, or when it is their turn."""
    for duty in line["on_call"]:
        with tag("p"):
            tag("b", "Now")
            tag("span", f" {duty['schedule']}")
            if duty["until"] is not None:
                tag("span", ", until ")
                moment(duty["until"], "soon")
    if line["next_shift"] is not None:
        with tag("p", classes="ok-muted"):
            tag("span", f"Next {line['next_shift']['schedule']}, ")
            moment(line["next_shift"]["from"], "soon")
    if not line["on_call"] and line["next_shift"] is None:
        tag("p", "In no rotation" if line["active"] else "", classes="ok-faint")


def _filter() -> None:
    tag(
        "input",
        classes="ok-input ok-filter",
        type="search",
        placeholder="Filter people",
        aria_label="Filter people",
        data_ok_filter="",
        data_filters=".ok-human",
    )
