"""The calendars that a schedule imports: how old each is and what is wrong with it; added, read again, removed.

assets/imported.js sends and shows what a calendar would bring before it is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nicegui import ui

from opsknight.domain.model.web_address import MAX_ADDRESS
from opsknight.domain.queries.calendar_sources import SourceLine
from opsknight.domain.queries.schedule_lines import ScheduleLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import choice, field
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

SCRIPT: Final = "imported.js"
ADD: Final = "ok-import"
REMOVE: Final = "ok-import-gone"
WARNINGS_SHOWN: Final = 50
"""Warnings of a calendar that unfold; the rest is counted."""
_GONE: Final = {
    "shifts": "Its layer goes with it: from now on the layers below show. Who was on call by it stays recorded.",
    "holidays": "Its days are ordinary days from now on. Who was on call by it stays recorded.",
}


def show(line: ScheduleLine, sources: Sequence[SourceLine], *, may_change: bool) -> Imported:
    """Build the section and, for who may change the schedule, the dialogs."""
    says = (
        "A team's calendar in Google or Outlook, or that of another on-call system, as a layer on top of the others;"
        " or a calendar of holidays."
    )
    with section("Imported calendars", says, anchor="imported"):
        shown = Imported(line, may_change=may_change)
        shown.update(sources)
        if may_change:
            with tag("div", classes="ok-buttons ok-after"):
                button("Import a calendar", icon="plus", data_act="import-open", data_dialog=ADD)
    if may_change:
        _build_add(line)
        _build_remove()
    return shown


class Imported:
    """The list on the page, built anew only where it would say something else; `place` hears `changed`."""

    def __init__(self, line: ScheduleLine, *, may_change: bool) -> None:
        """Build an empty list."""
        self._line = line
        self._may_change = may_change
        self._shown: Sequence[SourceLine] | None = None
        self.place: ui.element = tag("div", id="ok-imported")

    def update(self, sources: Sequence[SourceLine]) -> None:
        """Show `sources`."""
        if sources == self._shown:
            return
        self._shown = sources
        self.place.clear()
        with self.place:
            if not sources:
                tag("p", "It takes shifts and holidays from no calendar.", classes="ok-muted")
                return
            with rows("minmax(0, 1.2fr) minmax(0, 1fr) 11rem", what="Imported calendars"):
                for source in sources:
                    self._source(source)

    def _source(self, source: SourceLine) -> None:
        with row(classes="ok-imported"):
            with tag("div"):
                tag("b", source["name"], classes="ok-cut")
                tag("div", _whence(source), classes="ok-faint ok-cut")
            with tag("div"):
                _state(source)
                _warnings(source)
            with tag("div", classes="ok-buttons"):
                if self._may_change:
                    self._deeds(source)

    def _deeds(self, source: SourceLine) -> None:
        url = f"/api/v1/schedules/{self._line['id']}/calendars/{source['id']}"
        if source["url"]:
            button(
                "Read again",
                kind="quiet",
                small=True,
                data_act="import-again",
                data_url=f"{url}/refresh",
                aria_label=f"Read {source['name']} again",
            )
        button(
            "Remove",
            kind="quiet",
            small=True,
            data_act="import-ask",
            data_dialog=REMOVE,
            data_url=url,
            data_name=source["name"],
            data_says=_GONE[source["brings"]],
            aria_label=f"Remove {source['name']}",
        )


def _whence(source: SourceLine) -> str:
    count, what = (source["shifts"], "shift") if source["brings"] == "shifts" else (source["holidays"], "holiday")
    return f"{count} {what}{'' if count == 1 else 's'} · {source['url'] or 'from a file'}"


def _state(source: SourceLine) -> None:
    if source["failing_since"] is not None:
        verdict("Cannot be read", "bad")
        with tag("p", classes="ok-imported-why"):
            tag("span", "Since ")
            moment(source["failing_since"])
            tag("span", f": {source['error']} What was read ")
            moment(source["read_at"], "ago")
            tag("span", " stays in use.")
        return
    with verdict("Read" if source["url"] else "Uploaded", "good" if not source["warnings"] else "warn"):
        moment(source["read_at"], "ago")


def _warnings(source: SourceLine) -> None:
    warnings = source["warnings"]
    if not warnings:
        return
    with tag("details", classes="ok-more"):
        tag("summary", "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings")
        with tag("ul", classes="ok-imported-warnings"):
            for words in warnings[:WARNINGS_SHOWN]:
                tag("li", words)
        if (more := len(warnings) - WARNINGS_SHOWN) > 0:
            tag("p", f"and {more} more", classes="ok-muted")


def _build_add(line: ScheduleLine) -> None:
    url = f"/api/v1/schedules/{line['id']}/calendars"
    with (
        dialog(ADD, "Import a calendar"),
        tag("form", classes="ok-form", id="ok-import-form", novalidate=True, data_url=url),
    ):
        choice(
            "import-brings",
            {"shifts": "Who is on call", "holidays": "Public holidays"},
            chosen="shifts",
            label="What it brings",
        )
        choice(
            "import-from", {"url": "From an address", "file": "From a file"}, chosen="url", label="Where it comes from"
        )
        with tag("div", id="ok-import-url"):
            says = "It is read again every 15 minutes. In Google: “Secret address in iCal format”."
            field("import-url", "Address", says=says, type="url", maxlength=MAX_ADDRESS, inputmode="url")
        with tag("div", id="ok-import-file", hidden=True):
            says = "An .ics file of 1 MB at most. It is read once."
            field("import-file", "File", says=says, type="file", accept=".ics,text/calendar")
        field("import-name", "Name", says="As the calendar calls itself where nothing is said.", maxlength="100")
        says = "For times in it that say none."
        field("import-zone", "Time zone", says=says, placeholder=line["zone"], spellcheck="false", list="ok-zones")
        tag("div", id="ok-import-brings", role="status", hidden=True)
        tag("p", classes="ok-error", id="ok-import-error", role="alert")
        with tag("div", classes="ok-buttons"):
            tag("button", "Look at it", classes="ok-button ok-button-primary", type="submit", id="ok-import-go")
            button("Cancel", kind="quiet", data_act="close")


def _build_remove() -> None:
    with dialog(REMOVE, "Remove this calendar?"):
        tag("p", _GONE["shifts"], id="ok-import-gone-says")
        with tag("div", classes="ok-buttons"):
            button("Remove", kind="danger", data_act="import-remove", id="ok-import-remove")
            button("Keep it", kind="quiet", data_act="close")
