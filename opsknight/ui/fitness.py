"""/readiness: how OpsKnight itself stands, and whether whoever is on call in the next days is ready for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight import readiness
from opsknight.domain.model import service_level
from opsknight.domain.model.channel import face
from opsknight.domain.model.permission import Need
from opsknight.domain.model.readiness import Finding, State
from opsknight.domain.model.service_level import ServiceLevels
from opsknight.domain.queries import fitness
from opsknight.domain.queries.fitness import FitnessLine, WayLine
from opsknight.errors import SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.checks import check, checks
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.person import person
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.stat import stat, stats
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict
from opsknight.ui.people import PATH as PEOPLE
from opsknight.ui.people import PLACES
from opsknight.ui.people import STYLES as PEOPLE_STYLES
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/readiness"
ARM: Final = "ok-arm"
AGAIN_EVERY_S: Final = 15.0
TURNS_SHOWN: Final = 3
_STATES: Final[dict[str, tuple[str, Kind]]] = {
    "good": ("Ready", "good"),
    "warn": ("Look at it", "warn"),
    "bad": ("Not ready", "bad"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What was found of OpsKnight itself, how fast it pages, and of everybody who is on call soon."""

    house: Sequence[Finding]
    people: Sequence[FitnessLine]
    levels: ServiceLevels | None = None


def mount(deps: Deps) -> None:
    """Serve the page at /readiness."""

    @page(PATH, title="Readiness")
    async def readiness_page() -> None:
        viewer = await signed_in(deps)
        told = await read(deps, viewer)
        ui.add_head_html(head())
        with frame("Readiness", viewer, path=PEOPLE):
            shown = show(viewer, told)

        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read(deps, viewer))

        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


async def read(deps: Deps, viewer: Viewer) -> Told:
    """Return all that the page tells; others' mail addresses are whole for admins only."""
    house = await readiness.look(deps)
    readable = None if viewer.may(Need.ADMINISTER) else {viewer.id}
    async with deps.reading() as session:
        people = await fitness.fitness(session, readiness.ground(deps), at=deps.clock.now(), readable=readable)
    return Told(house, people, await readiness.levels(deps))


def head() -> str:
    """Return what stands in the head of the page besides."""
    names = (PEOPLE_STYLES, "readiness.css")
    styles = "".join(f'<link rel="stylesheet" href="{asset(name)}">' for name in names)
    return f'{styles}<script defer src="{asset("drills.js")}"></script>'


def show(viewer: Viewer, told: Told) -> Readiness:
    """Build the page."""
    with heading("Readiness", "Whoever is on call in the next 7 days, and whether a page would reach and wake them."):
        button("Drills", href="/drills", icon="bell")
    tabs(PLACES, here=PATH)
    shown = Readiness(viewer)
    shown.update(told)
    if viewer.may(Need.ADMINISTER):
        _build_arming()
    return shown


class Readiness:
    """What the page says, built anew only where it would say something else."""

    def __init__(self, viewer: Viewer) -> None:
        """Build an empty page."""
        self._viewer = viewer
        self._told: Told | None = None
        with tag("div", id="ok-readiness"):
            self._house, self._place = tag("div"), tag("div")

    def update(self, told: Told) -> None:
        """Show `told`."""
        before, self._told = self._told, told
        if before is None or (before.house, before.levels) != (told.house, told.levels):
            self._house.clear()
            with self._house:
                _house(told, may_arm=self._viewer.may(Need.ADMINISTER))
        if before is None or before.people != told.people:  # figures of the house change while these are read
            self._place.clear()
            with self._place:
                self._people(told.people)

    def _people(self, lines: Sequence[FitnessLine]) -> None:
        if not lines:
            _teach()
            return
        _figures(lines)
        for line in lines:
            self._person(line)

    def _person(self, line: FitnessLine) -> None:
        own = line["user_id"] == self._viewer.id
        with tag("article", classes="ok-fit", data_state=line["state"], aria_label=line["name"]):
            with tag("div", classes="ok-fit-who"):
                with tag("a", href=f"{PEOPLE}/{line['user_id']}", classes="ok-member-name"):
                    person(line["name"], you=own)
                verdict(*_STATES[line["state"]])
                _turns(line)
                if own or self._viewer.may(Need.CONFIGURE):
                    _drill(line, own=own)
            with tag("div", classes="ok-fit-found"):
                _items(line)
            with tag("div", classes="ok-fit-ways"):
                for way in line["ways"]:
                    _way(way)
                _lives(line)


def _house(told: Told, *, may_arm: bool) -> None:
    found = told.house
    wrong = [one for one in found if one.state is not State.GOOD]
    with tag("section", classes="ok-fit-house", aria_labelledby="ok-house-title"):
        tag("h2", "OpsKnight itself", id="ok-house-title")
        speeds = service_level.told(told.levels) if told.levels is not None else ()
        with checks():
            if not wrong:
                check("good", f"All {len(found)} things that it looks at in itself stand well")
            for one in sorted(wrong, key=lambda one: one.state is not State.BAD):
                check(one.state.value, one.sentence)
            for is_kept, said in speeds:
                check("good" if is_kept else "warn", said)
        if may_arm and any(one.name == "restored" for one in wrong):
            with tag("div", classes="ok-buttons"):
                button("Arm", kind="danger", icon="bell", data_act="dialog", data_dialog=ARM)


def _build_arming() -> None:
    with dialog(ARM, "Arm this restored copy"):
        tag(
            "p",
            "From then on it pages people. Whoever has something open is sent one message about what fell due since it"
            " was copied, and how late that is; escalation goes on from now.",
        )
        tag("p", "Is the one that it was copied from still at work? Then two will page.", classes="ok-muted")
        tag("p", classes="ok-error", id="arm-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Arm", kind="danger", data_act="arm")
            button("Leave it unarmed", kind="quiet", data_act="close")


def _figures(lines: Sequence[FitnessLine]) -> None:
    count = {state: sum(line["state"] == state for line in lines) for state in _STATES}
    with stats().classes("ok-fit-figures"):
        stat(str(count["bad"]), "not ready", kind="bad" if count["bad"] else "plain")
        stat(str(count["warn"]), "to look at", kind="warn" if count["warn"] else "plain")
        stat(str(count["good"]), "ready")


def _turns(line: FitnessLine) -> None:
    with tag("ul", classes="ok-fit-turns ok-muted"):
        for turn in line["turns"][:TURNS_SHOWN]:
            with tag("li"):
                if turn["policy_id"] is not None:
                    tag("span", "Asked at any time by ")
                    tag("a", turn["policy"], href=f"/policies/{turn['policy_id']}")
                    continue
                tag("a", turn["schedule"], href=f"/schedules/{turn['schedule_id']}")
                with tag("span", classes="ok-fit-turn"):
                    moment(turn["start_at"])
                    tag("span", " to ")
                    moment(turn["end_at"])
        if (more := len(line["turns"]) - TURNS_SHOWN) > 0:
            tag("li", f"and {more} more")


def _items(line: FitnessLine) -> None:
    with checks():
        for state in ("bad", "warn", "good"):
            for one in line["items"]:
                if one["state"] == state:
                    check(state, one["sentence"])


def _way(way: WayLine) -> None:
    its = face(way["channel"])
    with tag("div", classes="ok-fit-way", data_works="yes" if way["works"] else "no"):
        icon(its.icon)
        with tag("span"):
            tag("span", f"{its.label}: {way['label']}")
            with tag("small", classes="ok-muted"):
                if not way["works"]:
                    tag("span", _off(way))
                elif way["proven_at"] is None:
                    tag("span", "never proven")
                else:
                    tag("span", "proven ")
                    moment(way["proven_at"], "ago")
                if way["works"] and way["loud"]:
                    tag("span", ", wakes")


def _off(way: WayLine) -> str:
    if not way["verified"]:
        return "not verified"
    return "not set up here" if way["unset"] else "switched off"


def _lives(line: FitnessLine) -> None:
    with tag("p", classes="ok-muted"):
        tag("span", f"Lives by {line['zone']}")
        for place, leave in enumerate(line["leaves"]):
            tag("span", "; on leave " if not place else " and ")
            moment(leave["start_at"], "soon")
            tag("span", " to ")
            moment(leave["end_at"], "soon")


def _drill(line: FitnessLine, *, own: bool) -> None:
    words = "Drill me" if own else "Run a drill"
    button(
        words,
        small=True,
        icon="bell",
        data_act="drill-do",
        data_url="/api/v1/drills",
        data_body=json.dumps({"user_id": line["user_id"]}),
        aria_label=f"{words}: {line['name']}",
    )


def _teach() -> None:
    says = (
        "A schedule says who is on call when. Who is on call within a week is looked at here, before a page needs them."
    )
    with empty("Nobody is on call in the next 7 days", says, icon_name="clock"):
        button("Schedules", href="/schedules", icon="calendar")
