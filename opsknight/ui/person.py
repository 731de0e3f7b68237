"""/people/{id}: one person: how a page reaches them, their teams and turns, and what they have on their hands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.roster import PersonDetail
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui.address_form import address_button, build_address
from opsknight.ui.frame import frame
from opsknight.ui.own_methods import show_methods
from opsknight.ui.pages import page
from opsknight.ui.parts.avatar import avatar
from opsknight.ui.parts.badge import label
from opsknight.ui.parts.button import button
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.status import status
from opsknight.ui.parts.tag import tag
from opsknight.ui.people import PATH, head, show_instead
from opsknight.ui.people_forms import (
    ASK,
    EDIT,
    HAND_OVER,
    LINK,
    ROLES,
    build_ask,
    build_edit,
    build_hand_over,
    build_link,
)
from opsknight.ui.reading import read_people_names, read_person
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PLACE: Final = "ok-person"


def mount(deps: Deps) -> None:
    """Serve the page at /people/{id}."""

    @page(PATH + "/{number}", title="Person")
    async def person_page(number: str) -> None:
        viewer = await signed_in(deps)
        if not number.isdecimal() or len(number) > 18:
            raise NotFound("There is no such person.")
        readable = viewer.may(Need.ADMINISTER) or viewer.id == int(number)
        line = await read_person(deps, int(number), addresses=readable)
        people = await read_people_names(deps)
        ui.add_head_html(head())
        with frame(line["name"], viewer, path=PATH):
            place = show(viewer, line, people={key: name for key, name in people.items() if key != number})

        @in_turn
        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                return
            fresh = await read_person(deps, int(number), addresses=readable)
            place.clear()
            with place:
                build(viewer, fresh)

        place.on("changed", again, args=[])


def show(viewer: Viewer, line: PersonDetail, *, people: Mapping[str, str]) -> ui.element:
    """Build the page and return its place, which hears `changed` when the browser has changed something.

    `people` are the others, to whom what this one owns can be handed over.
    """
    with tag("div", id=PLACE) as place:
        build(viewer, line)
    if viewer.may(Need.ADMINISTER):
        build_edit()
        build_link()
        build_ask()
        build_address(line["email"], whose=line["name"])
    if viewer.may(Need.RESPOND):
        build_hand_over(people)
    return place


def build(viewer: Viewer, line: PersonDetail) -> None:
    """Build what the page says of the person."""
    _who(viewer, line)
    if line["left"]:
        note(
            f"{line['name']} {'; '.join(line['left'])}. Hand the incidents over, and put others in these places:"
            f" until then they are asked and {'can only acknowledge' if line['active'] else 'nobody answers'}.",
            title="Still counted on",
            kind="warn",
        )
    with section("How a page reaches them", "A method counts once it is verified. Everybody sets up their own."):
        show_instead(line)
        if not line["active"]:
            tag("p", "Nothing goes out to somebody who is deactivated.", classes="ok-muted")
        elif line["methods"]:
            show_methods(line["methods"], whose=line["name"])
        else:
            says = "They add one on their own page: push in their browser, or mail, once they have used a mailed link."
            note(says, title="No contact method yet", kind="bad")
    with section("On call", "Now, and what is to come."):
        _turns(line)
    with section("Teams"):
        _teams(line)
    with section("Open incidents", "What they own and have not resolved."):
        _incidents(line)
        if line["incidents"] and viewer.may(Need.RESPOND):
            _hand_over(viewer, line)


def _who(viewer: Viewer, line: PersonDetail) -> None:
    with tag("div", classes="ok-head ok-me"):
        with tag("div", classes="ok-me-who"):
            avatar(line["name"], you=line["id"] == viewer.id, classes="ok-avatar-large")
            with tag("div"):
                tag("h1", line["name"])
                tag("p", f"{line['email']} · {ROLES.get(line['role'], line['role'])}")
                tag("p", _lives(line), classes="ok-faint")
        with tag("div", classes="ok-buttons"):
            if line["id"] == viewer.id:
                button("Your own page", href="/me", icon="person")
            if line["active"] and (viewer.may(Need.CONFIGURE) or line["id"] == viewer.id):
                _drill(line["id"])
            if viewer.may(Need.ADMINISTER):
                _deeds(line, own=line["id"] == viewer.id)


def _lives(line: PersonDetail) -> str:
    """Return by which clock somebody lives, and whether they are here."""
    if not line["active"]:
        return f"Lives by the clock of {line['zone']}. Deactivated: cannot sign in and is not paged."
    if line["signed_in"]:
        return f"Lives by the clock of {line['zone']}."
    out = "has a sign-in link that is not used yet" if line["link_out"] else "is signed in nowhere"
    return f"Lives by the clock of {line['zone']}; {out}."


def _deeds(line: PersonDetail, *, own: bool) -> None:
    url = f"/api/v1{PATH}/{line['id']}"
    if line["active"]:
        button(
            "Change",
            data_act="person-edit",
            data_dialog=EDIT,
            data_url=url,
            data_name=line["name"],
            data_role=line["role"],
            data_zone=line["zone"],
        )
        address_button(f"{url}/address")
        if not own:
            words = "New sign-in link" if line["signed_in"] or not line["link_out"] else "Invite again"
            button(words, kind="quiet", icon="link", data_act="person-link", data_dialog=LINK, data_url=url)
            _asked(line, url)
    else:
        button("Reactivate", kind="primary", data_act="person-do", data_url=f"{url}/reactivate")


def _drill(user_id: int) -> None:
    body = json.dumps({"user_id": user_id})
    button("Run a drill", icon="bell", data_act="person-do", data_url="/api/v1/drills", data_body=body)


def _asked(line: PersonDetail, url: str) -> None:
    says = f"{line['name']} is signed out everywhere at once and paged no more. They can be reactivated."
    if line["open_incidents"]:
        count = line["open_incidents"]
        says += f" They own {count} open {'incident' if count == 1 else 'incidents'}; hand over first."
    button(
        "Deactivate",
        kind="quiet",
        data_act="person-ask",
        data_dialog=ASK,
        data_url=f"{url}/deactivate",
        data_title=f"Deactivate {line['name']}?",
        data_says=says,
        data_words="Deactivate",
    )


def _turns(line: PersonDetail) -> None:
    if not line["on_call"] and not line["shifts"]:
        tag("p", "In no rotation.", classes="ok-muted")
        return
    with rows("6rem minmax(0, 1fr) minmax(0, 1.4fr)", what="Shifts"):
        for duty in line["on_call"]:
            with row(classes="ok-turn"):
                tag("b", "Now")
                tag("span", duty["schedule"], classes="ok-cut")
                with tag("span"):
                    if duty["until"] is not None:
                        tag("span", "until ")
                        moment(duty["until"], "soon")
        for place, shift in enumerate(line["shifts"]):
            with row(classes="ok-turn"):
                tag("span", "Then" if place else "Next", classes="ok-muted")
                tag("span", shift["schedule"], classes="ok-cut")
                with tag("span", classes="ok-muted"):
                    moment(shift["from"])
                    tag("span", " to ")
                    moment(shift["to"])


def _teams(line: PersonDetail) -> None:
    if not line["teams"]:
        tag("p", "In no team.", classes="ok-muted")
    with tag("div", classes="ok-human-teams"):
        for team in line["teams"]:
            with tag("a", href=f"/teams#team-{team['id']}"):
                label(f"{team['name']}, manages" if team["manages"] else team["name"]).classes("ok-cut")


def _incidents(line: PersonDetail) -> None:
    if not line["incidents"]:
        tag("p", "None.", classes="ok-muted")
        return
    with rows("4rem minmax(0, 1fr) 9rem 6rem", what="Open incidents"):
        for incident in line["incidents"]:
            with row(classes="ok-owned"):
                tag("a", f"#{incident['n']}", href=f"/incidents/{incident['n']}", classes="ok-tab")
                tag("span", incident["title"], classes="ok-cut")
                status(incident["status"])
                moment(incident["created_at"], "ago")


def _hand_over(viewer: Viewer, line: PersonDetail) -> None:
    count = line["open_incidents"]
    what = "1 open incident goes" if count == 1 else f"{count} open incidents go"
    whose = "Your" if line["id"] == viewer.id else f"{line['name']}’s"
    with tag("div", classes="ok-buttons ok-after"):
        button(
            "Hand everything over",
            icon="person",
            data_act="person-hand-over",
            data_dialog=HAND_OVER,
            data_url=f"/api/v1{PATH}/{line['id']}/hand-over",
            data_says=f"{whose} {what} to somebody else, who is paged once for all of it.",
        )
