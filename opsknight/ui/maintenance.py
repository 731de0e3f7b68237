"""/maintenance: which windows run, which come, which are over; one is made in three clicks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.maintenance import TimeLine, WindowLine
from opsknight.errors import SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.conditions import condition_parts
from opsknight.ui.frame import frame
from opsknight.ui.inhibitions import SCRIPT as INHIBITIONS
from opsknight.ui.inhibitions import show_inhibitions
from opsknight.ui.maintenance_form import ASK, FORM, build_dialogs
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.part import BARE, Part, apart_from
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict
from opsknight.ui.reading import read_inhibitions, read_scopes, read_windows
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/maintenance"
STYLES: Final = "maintenance.css"
SCRIPTS: Final = ("conditions.js", "maintenance.js", INHIBITIONS)
AGAIN_EVERY_S: Final = 10.0
"""How soon a window that begins or ends shows on an open page; what it keeps quiet is live as ever, on the board."""
LONGER: Final[Mapping[str, int]] = {"30 minutes": 1800, "1 hour": 3600, "4 hours": 14_400, "1 day": 86_400}
_STATES: Final[Mapping[str, tuple[str, Kind, str]]] = {
    "running": ("Running", "warn", "wrench"),
    "planned": ("Planned", "wait", "clock"),
    "over": ("Over", "none", "check"),
    "cancelled": ("Cancelled", "none", "close"),
}
_LIVE: Final = ("running", "planned")
COUNTED: Final = "resting"
"""What alerts change of a window: it is brought up to date in place, for a menu beside it may be open."""


def mount(deps: Deps) -> None:
    """Serve the page at /maintenance."""

    @page(PATH, title="Maintenance")
    async def maintenance_page() -> None:
        viewer = await signed_in(deps)
        windows, scopes = await read_windows(deps), await read_scopes(deps)
        ui.add_head_html(head())
        with frame("Maintenance", viewer):
            shown = show(viewer, windows, scopes=scopes)
            rules = show_inhibitions(await read_inhibitions(deps), may_change=viewer.may(Need.CONFIGURE))

        @in_turn
        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_windows(deps))
            rules.update(await read_inhibitions(deps))

        for place in (shown.place, rules.place):
            place.on("changed", again, args=[])
        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def head() -> str:
    """Return what stands in the head of the page besides."""
    scripts = "".join(f'<script defer src="{asset(name)}"></script>' for name in SCRIPTS)
    return f'<link rel="stylesheet" href="{asset(STYLES)}">{scripts}'


def show(viewer: Viewer, lines: Sequence[WindowLine], *, scopes: Mapping[str, str]) -> Windows:
    """Build the page; `scopes` (value → words) is what a window can be of."""
    says = "While a window runs, what breaks is recorded and pages nobody. What still fires at its end pages then."
    may_plan = viewer.may(Need.PLAN_MAINTENANCE)
    with heading("Maintenance", says):
        if may_plan:
            _new()
    shown = Windows(may_plan=may_plan)
    shown.update(lines)
    if may_plan:  # who may not plan may make no rule either
        condition_parts()
        build_dialogs(scopes)
    return shown


class Windows:
    """The list on the page, built anew only where it would say something else."""

    def __init__(self, *, may_plan: bool) -> None:
        """Build an empty list; `place` hears `changed` when the browser has changed something."""
        self._may_plan = may_plan
        self._resting: dict[int, Part[int]] = {}
        self._list = Part(self._build, of=apart_from((COUNTED,)), id="ok-windows", classes="ok-windows")
        self.place = self._list.place

    def update(self, lines: Sequence[WindowLine]) -> None:
        """Show `lines`."""
        self._list.update(lines)
        for line in lines:
            self._resting[line["id"]].update(line[COUNTED] if line["now"] else 0)

    def _build(self, lines: Sequence[WindowLine]) -> None:
        live = [line for line in lines if line["state"] in _LIVE]
        past = [line for line in lines if line["state"] not in _LIVE]
        if not live:
            self._teach()
        for line in live:
            self._window(line)
        if past:
            with tag("details", classes="ok-more"):
                tag("summary", f"Over: {len(past)}")
                for line in past:
                    self._window(line)

    def _teach(self) -> None:
        says = (
            "Before you restart, upgrade or move something, plan a window for it: its alerts are kept, and the"
            " people on call sleep on."
        )
        with empty("No maintenance is planned", says, icon_name="wrench"):
            if self._may_plan:
                _new()

    def _window(self, line: WindowLine) -> None:
        with tag("article", classes="ok-window", id=f"window-{line['id']}"):
            with tag("div", classes="ok-window-who"):
                tag("h2", line["name"])
                with tag("p", classes="ok-muted"):
                    _about(line)
                tag("p", line["times"], classes="ok-muted")
                if line["conditions"]:
                    tag("p", f"Only alerts where {line['conditions']}", classes="ok-muted")
            with tag("div", classes="ok-window-times"):
                verdict(*_verdict(line["state"]), mark=_STATES[line["state"]][2])
                _now(line)
                self._resting[line["id"]] = Part(_quiet, classes=BARE)
                _next(line)
            if self._may_plan and line["state"] in _LIVE:
                with tag("div", classes="ok-buttons"):
                    _deeds(line)


def _new() -> None:
    button("Plan maintenance", kind="primary", icon="plus", data_act="window-new", data_dialog=FORM)


def _verdict(state: str) -> tuple[str, Kind]:
    words, kind, _ = _STATES[state]
    return words, kind


def _about(line: WindowLine) -> None:
    if line["service_id"] is not None:
        tag("a", line["about"], href=f"/services#service-{line['service_id']}")
    else:
        tag("span", line["about"][0].upper() + line["about"][1:])
    if line["planned_by"]:
        tag("span", f" · planned by {line['planned_by']}")


def _now(line: WindowLine) -> None:
    if line["now"] is not None:
        with tag("p"):
            tag("span", "until ")
            moment(line["now"]["end_at"], "soon")
            tag("span", ", ")
            moment(line["now"]["end_at"], "in")


def _quiet(count: int) -> None:
    if count:
        tag("a", f"{count} quiet incident{'s' if count > 1 else ''}", href="/incidents?status=suppressed")


def _next(line: WindowLine) -> None:
    if line["next"] is not None:
        _time("next " if line["now"] else "", line["next"])
    elif line["state"] not in _LIVE and line["last"] is not None:
        _time("", line["last"])


def _time(words: str, time: TimeLine) -> None:
    with tag("p", classes="ok-muted"):
        if words:
            tag("span", words)
        moment(time["start_at"])
        tag("span", " to ")
        moment(time["end_at"])


def _deeds(line: WindowLine) -> None:
    url, name = f"/api/v1/maintenance/{line['id']}", line["name"]
    if line["state"] == "running":
        says = f"What “{name}” keeps quiet and still fires pages at once." + (
            " It comes again at its next time." if line["next"] else ""
        )
        _asked("End now", "POST", f"{url}/end", title=f"End “{name}” now?", says=says)
        more = f"longer-{line['id']}"
        button("Extend", kind="quiet", small=True, popovertarget=more, aria_label=f"Extend {name}")
        with menu(more, label=f"Extend {name} to"):
            for words, seconds in LONGER.items():
                ends_at = (line["now"]["end_at"] if line["now"] else 0) + seconds
                body = json.dumps({"until": ends_at})
                item(f"{words} more", icon_name="clock", data_act="window-do", data_url=f"{url}/extend", data_body=body)
    if line["next"] is not None:
        says = "None of its times comes any more" + (
            ", and what it keeps quiet and still fires pages at once." if line["now"] else "."
        )
        _asked("Cancel", "DELETE", url, title=f"Cancel “{name}”?", says=says, kind="quiet")


def _asked(words: str, method: str, url: str, *, title: str, says: str, kind: str = "plain") -> None:
    """Show a button for what is done only after a second look."""
    button(
        words,
        kind="quiet" if kind == "quiet" else "plain",
        small=True,
        data_act="window-ask",
        data_dialog=ASK,
        data_method=method,
        data_url=url,
        data_title=title,
        data_says=says,
        data_words=words,
        aria_label=title.removesuffix("?"),
    )
