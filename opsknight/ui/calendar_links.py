"""Calendar links of a person, a schedule or a team: made, copied once, revoked. assets/calendars.js sends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from opsknight.domain.queries.calendar_feeds import FeedLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field, switch
from opsknight.ui.parts.last_use import last_use
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag

SCRIPT = "calendars.js"


@dataclass(frozen=True, slots=True)
class Shown:
    """What links show: the shifts of a schedule or of a team by number, one's own where neither is said."""

    schedule_id: int | None = None
    team_id: int | None = None

    @property
    def key(self) -> str:
        """What tells its fields from those of others on the same page."""
        if self.schedule_id is not None:
            return f"schedule-{self.schedule_id}"
        return "own" if self.team_id is None else f"team-{self.team_id}"

    @property
    def body(self) -> dict[str, int]:
        """What of a request for a link says so."""
        said = {"schedule_id": self.schedule_id, "team_id": self.team_id}
        return {name: number for name, number in said.items() if number is not None}

    @property
    def none(self) -> str:
        """What is said where nobody has made a link yet."""
        if self.schedule_id is not None:
            return "No calendar program that you know of reads this schedule yet."
        if self.team_id is not None:
            return "No calendar program that you know of reads the schedules of this team yet."
        return "No calendar program reads your shifts yet."


OWN = Shown()


def show_links(links: Sequence[FeedLine], of: Shown = OWN) -> ui.element:
    """Build the section; return the place of the list, which tells when a link was made or revoked."""
    title = "Your shifts in your calendar" if of == OWN else "In your calendar"
    what = "your shifts" if of == OWN else "this schedule"
    says = (
        f"Google, Outlook and Apple read {what} from a link. Whoever has the link sees the shifts, so give each"
        " program its own and revoke it when it is not needed any more."
    )
    with section(title, says):
        return build_links(links, of)


def build_links(links: Sequence[FeedLine], of: Shown = OWN) -> ui.element:
    """Build the list and the way to a new link; return the place of the list, which hears `changed`."""
    with tag("div", classes="ok-calendar-links", data_body=json.dumps(of.body)):
        with tag("div", classes="ok-calendar-list") as place:
            list_links(links, of)
        name = f"calendar-name-{of.key}"
        with tag("div", classes="ok-after"):
            field(name, "What a new link is for", says="Who reads it, such as “My phone”.", maxlength="100")
            if of != OWN:
                with tag("div", classes="ok-after"):
                    switch(f"calendar-gaps-{of.key}", "Show the times in which nobody is on call as well", on=False)
            with tag("div", classes="ok-buttons ok-after"):
                button("Make a link", icon="link", data_act="calendar-make")
        tag("div", classes="ok-after ok-calendar-made", hidden=True)
    return place


def list_links(links: Sequence[FeedLine], of: Shown = OWN) -> None:
    """Build one row per link, or say that there is none."""
    if not links:
        tag("p", of.none, classes="ok-muted")
        return
    with rows("minmax(0, 1fr) auto", what="Calendar links"):
        for link in links:
            _link(link, of)


def _link(link: FeedLine, of: Shown) -> None:
    with row(classes="ok-calendar-link"):
        with tag("div"):
            tag("div", link["name"], classes="ok-cut")
            with tag("div", classes="ok-faint"):
                tag("span", _says(link, of), classes="ok-cut")
                last_use("read", link["read_at"], link["read_by"])
        button(
            "Revoke",
            kind="quiet",
            small=True,
            data_act="calendar-revoke",
            data_url=f"/api/v1/calendar-feeds/{link['id']}",
            aria_label=f"Revoke {link['name']}",
        )


def _says(link: FeedLine, of: Shown) -> str:
    """Return what of a link the page does not say already: on one's own what it shows, elsewhere whose it is."""
    if of == OWN:
        return "Your shifts" if link["of"] == "person" else link["about"]
    made = "Yours" if link["yours"] else f"Made by {link['made_by']}"
    return f"{made} · with gaps" if link["with_gaps"] else made
