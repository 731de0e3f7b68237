"""/drills: pages about nothing, sent for real: begun here, and watched hop by hop as they go out and are answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from nicegui import ui

from opsknight.domain.model.drill import EVERYONE
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import drills as queries
from opsknight.domain.queries.drills import Drill, DrillLine
from opsknight.domain.queries.weekly_drills import WeeklyLine, weekly
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui import drill_hops, weekly_drills
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import choice, select
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag
from opsknight.ui.people import PATH as PEOPLE
from opsknight.ui.people import PLACES
from opsknight.ui.people import STYLES as PEOPLE_STYLES
from opsknight.ui.reading import read_people_names
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/drills"
FORM: Final = "ok-drill-form"
LOOK_EVERY_S: Final = 1.0
"""How soon a hop shows on an open page while a drill runs."""
IDLE_TURNS: Final = 10
"""Of so many looks one is made while nothing runs."""
WHOLE_AT_MOST: Final = 5
"""Drills that the list shows hop by hop: those under way, else the newest."""
_COLUMNS: Final = "minmax(0, 1.4fr) minmax(0, 1fr) minmax(0, 1fr)"


@dataclass(frozen=True, slots=True)
class Drills:
    """The newest drills, newest first, those of them that are shown hop by hop, and when one comes by itself."""

    lines: Sequence[DrillLine]
    whole: Sequence[Drill]
    weekly: WeeklyLine | None = None

    @property
    def under_way(self) -> bool:
        """Whether somebody is waited for."""
        return any(not line["over"] for line in self.lines)


def mount(deps: Deps) -> None:
    """Serve the pages at /drills and /drills/{id}."""

    @page(PATH, title="Drills")
    async def drills_page() -> None:
        viewer = await signed_in(deps)
        told = await read_drills(deps, viewer)
        async with deps.reading() as session:
            schedules = await queries.live_schedules(session)
        people = await read_people_names(deps) if viewer.may(Need.CONFIGURE) else {}
        ui.add_head_html(head())
        with frame("Drills", viewer, path=PEOPLE):
            shown = show(viewer, told, schedules=schedules, people=people)
        _follow(deps, shown, lambda: read_drills(deps, viewer))

    @page(PATH + "/{number}", title="Drill")
    async def drill_page(number: str) -> None:
        viewer = await signed_in(deps)
        try:
            drill_id = UUID(number)
        except ValueError:
            raise NotFound("There is no such drill.") from None
        one = await read_drill(deps, viewer, drill_id)
        ui.add_head_html(head())

        async def read() -> Drills:
            fresh = await read_drill(deps, viewer, drill_id)
            return Drills([fresh], [fresh])

        with frame("Drill", viewer, path=PEOPLE):
            shown = show_one(viewer, one)
        _follow(deps, shown, read)


async def read_drills(deps: Deps, viewer: Viewer) -> Drills:
    """Return the newest drills, those under way hop by hop, or the newest where none is."""
    async with deps.reading() as session:
        lines = await queries.drills(session, now=deps.clock.now())
        comes = await weekly(session, now=deps.clock.now())
    running = [line for line in lines if not line["over"]][:WHOLE_AT_MOST]
    running = running or [line for line in lines if not line["left_out"]][:1]
    return Drills(lines, [await read_drill(deps, viewer, UUID(line["id"])) for line in running], comes)


async def read_drill(deps: Deps, viewer: Viewer, drill_id: UUID) -> Drill:
    """Return one drill; others' mail addresses are whole for admins only.

    Raises:
        NotFound: there is none.
    """
    readable = None if viewer.may(Need.ADMINISTER) else {viewer.id}
    async with deps.reading() as session:
        return await queries.drill(session, drill_id, now=deps.clock.now(), readable=readable)


def _follow(deps: Deps, shown: DrillsShown, read: Callable[[], Awaitable[Drills]]) -> None:
    """Keep what is shown true: each second while a drill runs, seldom otherwise, at once when something was done."""
    turns = 0

    @in_turn
    async def again() -> None:
        try:
            await still_signed_in(deps)
        except SignInRequired:
            timer.cancel()
            return
        shown.update(await read())

    async def look() -> None:
        nonlocal turns
        turns += 1
        if shown.under_way or turns % IDLE_TURNS == 0:
            await again()

    shown.place.on("changed", again, args=[])
    timer = ui.timer(LOOK_EVERY_S, look, immediate=False)


def head() -> str:
    """Return what stands in the head of the pages besides."""
    styles = "".join(f'<link rel="stylesheet" href="{asset(name)}">' for name in (PEOPLE_STYLES, "drills.css"))
    return f'{styles}<script defer src="{asset("drills.js")}"></script>'


def show(viewer: Viewer, told: Drills, *, schedules: Mapping[str, str], people: Mapping[str, str]) -> DrillsShown:
    """Build the page; `schedules` and `people` (id → name) are those that can be drilled."""
    says = "A page about nothing, sent for real: it shows whom a page reaches, by what, and how fast."
    with heading("Drills", says):
        _deeds(viewer)
    tabs(PLACES, here=PATH)
    shown = DrillsShown(viewer, alone=False)
    shown.update(told)
    if viewer.may(Need.CONFIGURE):
        _build_form(schedules, people)
    if viewer.may(Need.ADMINISTER):
        weekly_drills.build_form(schedules)
    return shown


def show_one(viewer: Viewer, one: Drill) -> DrillsShown:
    """Build the page of a single drill."""
    with heading("Drill", "What became of each message, in seconds from when it was due."):
        button("All drills", href=PATH, icon="list")
    shown = DrillsShown(viewer, alone=True)
    shown.update(Drills([one], [one]))
    return shown


class DrillsShown:
    """The drills on the page, built anew only where they would say something else."""

    def __init__(self, viewer: Viewer, *, alone: bool) -> None:
        """Build an empty list; `place` hears `changed` when the browser has done something.

        `alone` is for the page of one drill, which says nothing of the week's.
        """
        self._viewer = viewer
        self._alone = alone
        self._told: Drills | None = None
        self.place = tag("div", id="ok-drills")

    @property
    def under_way(self) -> bool:
        """Whether a drill that is shown waits for somebody."""
        return self._told is not None and self._told.under_way

    def update(self, told: Drills) -> None:
        """Show `told`."""
        if told == self._told:
            return
        self._told = told
        self.place.clear()
        with self.place:
            if not told.lines:
                self._teach()
            for one in told.whole:
                self._asks_you(one)
                drill_hops.show(one, you=self._viewer.id)
            whole = {one["id"] for one in told.whole}
            earlier = [line for line in told.lines if line["id"] not in whole]
            if earlier:
                with section("Earlier"), rows(_COLUMNS, what="Earlier drills"):
                    for line in earlier:
                        _earlier(line)
            if not self._alone:
                may_set = self._viewer.may(Need.ADMINISTER)
                weekly_drills.show(told.weekly, may_set=may_set, zone=self._viewer.zone)

    def _asks_you(self, one: Drill) -> None:
        mine = next((person for person in one["by_person"] if person["user_id"] == self._viewer.id), None)
        if mine is None or one["over"] or mine["acknowledged_s"] is not None:
            return
        words = "Best where the message came in: that proves the whole way. Here it counts as well."
        with note(words, title="You are asked in this drill", kind="warn"), tag("div", classes="ok-buttons ok-after"):
            url = f"/api/v1/drills/{one['id']}/acknowledge"
            button("Acknowledge", kind="primary", data_act="drill-do", data_url=url)

    def _teach(self) -> None:
        says = (
            "Whoever is drilled is paged by their own rules, for high urgency, through every channel that is set up."
            " Each message says first that nothing is wrong, and asks to be acknowledged within 15 min."
        )
        empty("No drill yet", says, icon_name="bell")


def _deeds(viewer: Viewer) -> None:
    if viewer.may(Need.RESPOND):
        body = json.dumps({"user_id": viewer.id})
        button("Drill me", icon="person", data_act="drill-do", data_url="/api/v1/drills", data_body=body)
    if viewer.may(Need.CONFIGURE):
        button("Run a drill", kind="primary", icon="bell", data_act="dialog", data_dialog=FORM)


def _build_form(schedules: Mapping[str, str], people: Mapping[str, str]) -> None:
    """Build the dialog that says who is drilled; assets/drills.js sends it."""
    whom = {"everyone": "Everyone", "schedule": "A schedule", "person": "A person"}
    if not schedules:
        del whom["schedule"]
    with dialog(FORM, "Run a drill"):
        choice("drill-whom", whom, chosen=next(iter(whom)), label="Who is drilled")
        tag(
            "p",
            f"Pages {EVERYONE}: now, or within 12 hours, and whom policies ask by name.",
            classes="ok-muted ok-drill-everyone",
        )
        with tag("div", classes="ok-drill-schedule"):
            select("drill-schedule", "Whoever is on call now on", schedules)
        with tag("div", classes="ok-drill-person-of"):
            select("drill-person", "Person", people)
        tag("p", "They are paged at once, loudly, as for a real incident. Tell them before where that matters.")
        tag("p", classes="ok-error", id="drill-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Page them now", kind="primary", data_act="drill-begin")
            button("Cancel", kind="quiet", data_act="close")


def _earlier(line: DrillLine) -> None:
    with row(classes="ok-drill-line"):
        if line["left_out"]:
            tag("span", drill_hops.title(line), classes="ok-cut", title=drill_hops.title(line))
        else:
            tag("a", drill_hops.title(line), href=f"{PATH}/{line['id']}", classes="ok-cut")
        with tag("span", classes="ok-muted"):
            moment(line["begins_at"], "soon")
            tag("span", f" · {drill_hops.begun_by(line)}")
        drill_hops.verdict_of(line)
