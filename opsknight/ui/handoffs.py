"""Handoffs on screen: what is left for the reader, what they leave, and what was left on a schedule before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from nicegui import ui

from opsknight.domain.model.handoff import LONGEST
from opsknight.domain.queries.handoffs import HandoffLine, Handoffs, IncidentOf, NoteLine, Notes
from opsknight.ui.assets import asset
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.person import person
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag

AT_ONCE: Final = 5
"""Incidents of a list that are shown unasked: after a bad night the rest would bury what stands below."""


def head() -> str:
    """Return what pages with handoffs need in their head."""
    return f'<link rel="stylesheet" href="{asset("handoffs.css")}"><script defer src="{asset("handoffs.js")}"></script>'


class HandoffsShown:
    """What is left for the reader, which is kept true, and what they write, which is left alone while they do."""

    def __init__(self, told: Handoffs) -> None:
        """Build both, or nothing where there is neither."""
        self._coming = tag("div")
        self._shown: Sequence[HandoffLine] = ()
        self.update(told)
        if told["leaving"]:
            says = "Whoever comes next sees it before their shift and in its reminder. What is listed is told anyway."
            with section("Your handoff", says), tag("div", classes="ok-handoffs"):
                for line in told["leaving"]:
                    _leaving(line)

    def update(self, told: Handoffs) -> None:
        """Show what is left for the reader now."""
        if told["coming"] == self._shown:
            return
        self._shown = told["coming"]
        self._coming.clear()
        if self._shown:
            with (
                self._coming,
                section("Left for you", "By who had the shift before yours."),
                tag("div", classes="ok-handoffs"),
            ):
                for line in self._shown:
                    _coming(line)


def show_notes(notes: Notes, read_before: Callable[[int], Awaitable[Notes]]) -> None:
    """Build the history of a schedule's notes, newest first; `read_before` reads those before a cursor."""
    with section("Handoff notes", "What was left at the end of a shift for who came."):
        with tag("div", classes="ok-handoffs") as listed:
            if not notes["notes"]:
                tag("p", "None yet. Who is on call can leave one under Me when their shift ends.", classes="ok-muted")
            for note in notes["notes"]:
                _note(note)
        if notes["more"] is None:
            return
        more, earlier = notes["more"], button("Earlier", kind="quiet", small=True, icon="clock")

    async def read() -> None:
        nonlocal more
        if more is None:
            return
        before = await read_before(more)
        more = before["more"]
        earlier.set_visibility(more is not None)
        with listed:
            for note in before["notes"]:
                _note(note)

    earlier.on("click", read, args=[])


def _coming(line: HandoffLine) -> None:
    with tag("article", classes="ok-handoff"):
        with tag("header", classes="ok-paged-head"):
            person(line["user"])
            tag("a", line["schedule"], href=f"/schedules/{line['schedule_id']}", classes="ok-muted")
            with tag("span", classes="ok-faint ok-handoff-when"):
                tag("span", "until ")
                moment(line["handoff_at"], "clock")
        if line["text"]:
            tag("p", line["text"], classes="ok-handoff-text")
        else:
            tag("p", "No note.", classes="ok-faint")
        _known(line, whose=f"{line['user']} still owns", paged="Paged for")


def _leaving(line: HandoffLine) -> None:
    name = f"handoff-{line['schedule_id']}"
    with tag("article", classes="ok-handoff"):
        with tag("header", classes="ok-paged-head"):
            tag("b", line["schedule"])
            with tag("span", classes="ok-faint ok-handoff-when"):
                tag("span", "until ")
                moment(line["handoff_at"], "clock")
        _known(line, whose="You still own", paged="You were paged for")
        field(
            name,
            "Note for who comes",
            long=True,
            text=line["text"],
            maxlength=str(LONGEST),
            placeholder="What to watch, what was tried, what can wait",
        )
        tag("p", classes="ok-error", id=f"{name}-refusal", role="alert")
        with tag("div", classes="ok-buttons"):
            words = "Change the note" if line["text"] else "Leave the note"
            button(words, kind="primary", data_act="handoff-save", data_schedule=line["schedule_id"])


def _known(line: HandoffLine, *, whose: str, paged: str) -> None:
    with tag("dl", classes="ok-facts"):
        _incidents(whose, line["owned"], nothing="nothing")
        _incidents(paged, line["paged"], nothing="nothing in this shift")


def _incidents(words: str, incidents: Sequence[IncidentOf], *, nothing: str) -> None:
    tag("dt", words)
    with tag("dd"):
        if not incidents:
            tag("span", nothing, classes="ok-faint")
            return
        _listed(incidents[:AT_ONCE])
        if rest := incidents[AT_ONCE:]:
            with tag("details", classes="ok-more"):
                tag("summary", f"{len(rest)} more")
                _listed(rest)


def _listed(incidents: Sequence[IncidentOf]) -> None:
    with tag("ul", classes="ok-handoff-incidents"):
        for one in incidents:
            with tag("li"):
                tag("a", f"#{one['n']} {one['title']}", href=f"/incidents/{one['n']}")
                times = f", {one['times']} times" if one["times"] > 1 else ""
                tag("span", f" {one['status']}{times}", classes="ok-faint")


def _note(note: NoteLine) -> ui.element:
    with tag("article", classes="ok-handoff") as element:
        with tag("header", classes="ok-paged-head"):
            person(note["user"])
            with tag("span", classes="ok-faint ok-handoff-when"):
                moment(note["began_at"])
                tag("span", " to ")
                moment(note["handoff_at"])
        tag("p", note["text"], classes="ok-handoff-text")
    return element
