"""/teams: who belongs to each team, who manages it, and what it owns."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from nicegui import ui

from opsknight.domain.model.permission import Need, Role, may_manage
from opsknight.domain.queries.calendar_feeds import FeedLine
from opsknight.domain.queries.teams import MemberLine, NamedLine, TeamLine
from opsknight.errors import SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.calendar_links import SCRIPT, Shown, build_links, list_links
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import field, select, switch
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.note import note
from opsknight.ui.parts.person import person
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.people import PATH as PEOPLE
from opsknight.ui.people import PLACES, head
from opsknight.ui.people_forms import ASK, build_ask
from opsknight.ui.reading import read_people_names, read_team_links, read_teams
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/teams"
Links: TypeAlias = Mapping[int, Sequence[FeedLine]]
"""The calendar links of teams, by the team's number."""
NAME: Final = "ok-team-name"
JOIN: Final = "ok-team-join"


def mount(deps: Deps) -> None:
    """Serve the page at /teams."""

    @page(PATH, title="Teams")
    async def teams_page() -> None:
        viewer = await signed_in(deps)
        lines = await read_teams(deps)

        async def read_links() -> Links:
            await still_signed_in(deps)
            return await read_team_links(deps, viewer)

        ui.add_head_html(head() + script())
        with frame("Teams", viewer, path=PEOPLE):
            names, links = await read_people_names(deps), await read_team_links(deps, viewer)
            shown = show(viewer, lines, people=names, links=links, read_links=read_links)

        @in_turn
        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                return
            shown.update(await read_teams(deps), await read_team_links(deps, viewer))

        shown.place.on("changed", again, args=[])


def script() -> str:
    """Return what sends the calendar links of the page."""
    return f'<script defer src="{asset(SCRIPT)}"></script>'


def show(
    viewer: Viewer,
    lines: Sequence[TeamLine],
    *,
    people: Mapping[str, str],
    links: Links,
    read_links: Callable[[], Awaitable[Links]] | None = None,
) -> Teams:
    """Build the page; `people` (id → name) are those that can be put into a team.

    `links` are the calendar links of each team; `read_links` reads them again when one was made or revoked.
    """
    with heading("Teams", "A team owns services, escalation policies and schedules; its managers arrange them."):
        if viewer.may(Need.ADMINISTER):
            _new(primary=True)
    tabs(PLACES, here=PATH)
    shown = Teams(viewer, read_links)
    shown.update(lines, links)
    if viewer.may(Need.MANAGE_TEAM):
        _build_dialogs(people)
        build_ask()
    return shown


class Teams:
    """The list on the page."""

    def __init__(self, viewer: Viewer, read_links: Callable[[], Awaitable[Links]] | None) -> None:
        """Build an empty list; `place` hears `changed` when the browser has changed something."""
        self._viewer = viewer
        self._links: Links = {}
        self._read_links = read_links
        self.place = tag("div", id="ok-teams")

    def update(self, lines: Sequence[TeamLine], links: Links) -> None:
        """Show `lines`, and with each team its calendar links."""
        self._links = links
        self.place.clear()
        with self.place:
            if not lines:
                self._teach()
            for line in lines:
                self._team(line)

    def _teach(self) -> None:
        says = "Services belong to a team, and when a page reaches nobody, the managers of the team are paged."
        with empty("No team yet", says, icon_name="team"):
            if self._viewer.may(Need.ADMINISTER):
                _new(primary=False)

    def _team(self, line: TeamLine) -> None:
        name, is_admin = f"team-{line['id']}", self._viewer.may(Need.ADMINISTER)
        theirs = any(member["id"] == self._viewer.id and member["manages"] for member in line["members"])
        may_change = is_admin or (theirs and self._viewer.may(Need.MANAGE_TEAM))
        with tag("section", classes="ok-section ok-team", id=name, aria_labelledby=f"{name}-title"):
            with tag("div", classes="ok-section-head"):
                tag("h2", line["name"], id=f"{name}-title")
                _owned(line)
                if may_change:
                    _deeds(line, is_admin=is_admin)
            with tag("div", classes="ok-section-body"):
                _members(line, may_change=may_change, reader=self._viewer.id)
                if line["schedules"]:
                    self._calendars(line["id"])

    def _calendars(self, team_id: int) -> None:
        links, of = self._links.get(team_id, ()), Shown(team_id=team_id)
        with tag("details", classes="ok-more ok-after"):
            tag("summary", f"In your calendar: {len(links)}" if links else "In your calendar")
            says = "A link to the shifts of all schedules of this team, for Google, Outlook or Apple."
            tag("p", says, classes="ok-muted")
            place = build_links(links, of)

        @in_turn
        async def again() -> None:
            if self._read_links is None:
                return
            self._links = await self._read_links()
            place.clear()
            with place:
                list_links(self._links.get(team_id, ()), of)

        place.on("changed", again, args=[])


def _new(*, primary: bool) -> None:
    button(
        "New team",
        kind="primary" if primary else "plain",
        icon="plus",
        data_act="team-name",
        data_dialog=NAME,
        data_method="POST",
        data_url="/api/v1/teams",
        data_title="New team",
        data_words="Make it",
        data_name="",
    )


def _owned(line: TeamLine) -> None:
    with tag("dl", classes="ok-facts"):
        _things("Services", line["services"], href="/services#service-")
        _things("Policies", line["policies"], href="/policies/")
        _things("Schedules", line["schedules"], href="/schedules/")


def _things(words: str, things: Sequence[NamedLine], *, href: str = "") -> None:
    tag("dt", words)
    with tag("dd"):
        if not things:
            tag("span", "none", classes="ok-faint")
        for place, thing in enumerate(things):
            if place:
                tag("span", ", ")
            tag("a", thing["name"], href=f"{href}{thing['id']}") if href else tag("span", thing["name"])


def _deeds(line: TeamLine, *, is_admin: bool) -> None:
    url = f"/api/v1/teams/{line['id']}"
    with tag("div", classes="ok-buttons ok-team-deeds"):
        button(
            "Rename",
            kind="quiet",
            small=True,
            data_act="team-name",
            data_dialog=NAME,
            data_method="PUT",
            data_url=url,
            data_title=f"Rename {line['name']}",
            data_words="Save",
            data_name=line["name"],
            aria_label=f"Rename {line['name']}",
        )
        if is_admin:
            button(
                "Delete",
                kind="quiet",
                small=True,
                data_act="person-ask",
                data_dialog=ASK,
                data_method="DELETE",
                data_url=url,
                data_title=f"Delete {line['name']}?",
                data_says="A team that owns nothing can be deleted. Its members stay, and so does what it did.",
                data_words="Delete",
                aria_label=f"Delete {line['name']}",
            )


def _members(line: TeamLine, *, may_change: bool, reader: int) -> None:
    managers = [member for member in line["members"] if member["manages"] and member["active"]]
    if not managers:
        note(
            "When paging reaches nobody, there is no manager of this team to page: it goes to the admins at once.",
            title="Nobody manages it",
            kind="warn",
        )
    with rows("minmax(0, 1fr) 9rem auto", what=f"Members of {line['name']}"):
        for member in line["members"]:
            with row(classes="ok-member"):
                with tag("a", href=f"{PEOPLE}/{member['id']}", classes="ok-member-name"):
                    person(member["name"], you=member["id"] == reader)
                _standing(member)
                with tag("div", classes="ok-buttons"):
                    if may_change:
                        _member_deeds(line, member)
    if may_change:
        with tag("div", classes="ok-buttons ok-after"):
            button(
                "Add somebody",
                icon="plus",
                small=True,
                data_act="team-join",
                data_dialog=JOIN,
                data_url=f"/api/v1/teams/{line['id']}/members",
                data_title=f"Add somebody to {line['name']}",
                data_there=json.dumps([member["id"] for member in line["members"]]),
                aria_label=f"Add somebody to {line['name']}",
            )


def _standing(member: MemberLine) -> None:
    if not member["active"]:
        verdict("Deactivated", "none", mark="close")
    elif member["manages"]:
        verdict("Manages it", "good", mark="key")
    else:
        tag("span", member["role"].capitalize(), classes="ok-muted")


def _member_deeds(line: TeamLine, member: MemberLine) -> None:
    more, url = f"member-{line['id']}-{member['id']}", f"/api/v1/teams/{line['id']}/members/{member['id']}"
    with tag(
        "button",
        classes="ok-tool",
        type="button",
        popovertarget=more,
        aria_label=f"Change {member['name']} in {line['name']}",
    ):
        icon("more")
    with menu(more, label=f"{member['name']} in {line['name']}"):
        if member["manages"]:
            body = json.dumps({"manages": False})
            item(
                "Manages it no more",
                icon_name="undo",
                data_act="person-do",
                data_method="PUT",
                data_url=url,
                data_body=body,
            )
        elif may_manage(Role(member["role"])) and member["active"]:
            body = json.dumps({"manages": True})
            item(
                "Let them manage it",
                icon_name="key",
                data_act="person-do",
                data_method="PUT",
                data_url=url,
                data_body=body,
            )
        item("Remove from the team", icon_name="close", data_act="person-do", data_method="DELETE", data_url=url)


def _build_dialogs(people: Mapping[str, str]) -> None:
    with dialog(NAME, "Team"):
        field("team-name", "Name", autocomplete="off", maxlength="100")
        tag("p", classes="ok-error", id="team-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="team-save", id="team-save")
            button("Cancel", kind="quiet", data_act="close")
    with dialog(JOIN, "Add somebody"):
        select("join-person", "Who", people)
        switch("join-manages", "Manages the team: arranges it, and is paged when nobody else is reached", on=False)
        tag("p", classes="ok-error", id="join-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Add", kind="primary", data_act="team-joined", id="join-save")
            button("Cancel", kind="quiet", data_act="close")
