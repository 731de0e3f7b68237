"""One's own calendar links on /me: made, copied once, revoked. assets/calendars.js does the sending."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from opsknight.domain.queries.calendar_feeds import FeedLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag

PROGRAM_SHOWN = 60
"""Characters of a calendar program's own name that are shown."""


def show_links(links: Sequence[FeedLine]) -> ui.element:
    """Build the section; return the place of the list, which tells when a link was made or revoked."""
    with section(
        "Your shifts in your calendar",
        "Google, Outlook and Apple read them from a link. Whoever has the link sees the shifts, so give each program"
        " its own and revoke it when it is not needed any more.",
    ):
        with tag("div", id="ok-calendar-links") as place:
            list_links(links)
        with tag("div", classes="ok-after"):
            field("calendar-name", "What a new link is for", says="Who reads it, such as “My phone”.", maxlength="100")
            with tag("div", classes="ok-buttons ok-after"):
                button("Make a link", icon="link", data_act="calendar-make")
        tag("div", classes="ok-after", id="ok-calendar-made", hidden=True)
    return place


def list_links(links: Sequence[FeedLine]) -> None:
    """Build one row per link, or say that there is none."""
    if not links:
        tag("p", "No calendar program reads your shifts yet.", classes="ok-muted")
        return
    with rows("minmax(0, 1fr) auto", what="Calendar links"):
        for link in links:
            _link(link)


def _link(link: FeedLine) -> None:
    with row():
        with tag("div"):
            tag("div", link["name"], classes="ok-cut")
            with tag("div", classes="ok-faint"):
                tag("span", _of(link), classes="ok-cut")
                if link["read_at"] is None:
                    tag("span", " · never read")
                else:
                    tag("span", " · read ")
                    moment(link["read_at"], "ago")
                    tag("span", f" by {link['read_by'][:PROGRAM_SHOWN]}" if link["read_by"] else "")
        button(
            "Revoke",
            kind="quiet",
            small=True,
            data_act="calendar-revoke",
            data_url=f"/api/v1/calendar-feeds/{link['id']}",
            aria_label=f"Revoke {link['name']}",
        )


def _of(link: FeedLine) -> str:
    return "Your shifts" if link["of"] == "person" else link["about"]
