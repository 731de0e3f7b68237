"""/ledger: what was changed here, when and by whom, newest first; for admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from nicegui import ui

from opsknight.domain.model.fact import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.ledger import ABOUT, LedgerPage, everybody, ledger
from opsknight.errors import Invalid
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.entry import entry, timeline
from opsknight.ui.parts.field import select
from opsknight.ui.parts.note import note
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.viewer import signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/ledger"
SAYS: Final = (
    "What was changed here, and by whom. Nobody can change it, admins neither. What happened to an incident is told on"
    " its own page."
)
WORDS: Final[Mapping[str, str]] = {
    "": "Everything",
    "access": "Who may come in",
    "people": "People and how they are reached",
    "on call": "Schedules, leave and drills",
    "monitors": "Services, monitors and rules",
    "the house": "OpsKnight itself",
}
"""What one may ask for, as the page calls it."""
_MARKS: Final[Mapping[str, str]] = {
    "access": "check",
    "people": "person",
    "on call": "calendar",
    "monitors": "services",
    "the house": "clock",
}
_WARNED: Final = frozenset(
    {Fact.METHOD_DISABLED, Fact.DEVICE_SILENT, Fact.CALENDAR_FAILING, Fact.BLIND, Fact.DISK_LOW, Fact.UNREADABLE}
    | {Fact.GAP_TOLD, Fact.TIMER_DIED, Fact.HEARTBEAT_DOWN}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for; empty where it does not matter."""

    about: str = ""
    actor: str = ""
    before: str = ""

    def address(self, before: str = "") -> str:
        """Return where the page shows this from the cursor `before` on."""
        said = {"about": self.about, "actor": self.actor, "before": before}
        return f"{PATH}?{urlencode({name: value for name, value in said.items() if value})}"


def mount(deps: Deps) -> None:
    """Serve the page at /ledger."""

    @page(PATH, title="Ledger")
    async def ledger_page(about: str = "", actor: str = "", before: str = "") -> None:
        viewer = await signed_in(deps)
        asked, refusal, told, people = Asked(about, actor, before), "", None, {}
        if viewer.may(Need.ADMINISTER):
            try:
                async with deps.reading() as session:
                    people = await everybody(session)
                    told = await ledger(session, before=before or None, about=about or None, actor=actor or None)
            except Invalid as wrong:
                refusal = str(wrong)
        with frame("Ledger", viewer, path="/people"):
            if not viewer.may(Need.ADMINISTER):
                show_closed()
                return
            show(told, asked, people=people, refusal=refusal)


def show_closed() -> None:
    """Say to whom the page is open."""
    with heading("Ledger", SAYS):
        pass
    with empty("Open to admins", "It tells of everybody's sign-ins, roles and contact methods.", icon_name="list"):
        pass


def show(told: LedgerPage | None, asked: Asked, *, people: Mapping[str, str], refusal: str = "") -> None:
    """Build the page; `people` are names by actor, `refusal` says why nothing is told."""
    with heading("Ledger", SAYS):
        pass
    with tag("form", classes="ok-ledger-form", method="get", action=PATH):
        select("about", "About", WORDS, chosen=asked.about)
        select("actor", "Done by", {"": "Anybody", **people}, chosen=asked.actor)
        tag("button", "Show", classes="ok-button ok-button-plain", type="submit")
    if refusal:
        note(refusal, kind="warn")
    if told is None:
        return
    if not told["facts"]:
        tag("p", "Nothing of that kind has happened.", classes="ok-muted")
    with timeline().classes("ok-ledger"):
        for fact in told["facts"]:
            about = next((name for name, kinds in ABOUT.items() if fact["kind"] in kinds), "")
            kind = "warn" if fact["kind"] in _WARNED else ""
            entry(fact["at"], fact["sentence"], mark=_MARKS.get(about, "list"), kind=kind, as_="clock")
    with tag("nav", classes="ok-ledger-pages", aria_label="Pages"):
        if asked.before:
            ui.link("Newest", asked.address())
        if told["more"] is not None:
            ui.link("Older", asked.address(told["more"]))
