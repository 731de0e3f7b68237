"""/heartbeats: what must report in time, how it stands, and the line that makes a job report."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.ledger import span
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.heartbeats import HeartbeatLine, PingLine
from opsknight.errors import SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.heartbeat_form import DELETE, FORM, build_dialogs
from opsknight.ui.heartbeat_keys import build_end_dialog, offer_new_key, show_former
from opsknight.ui.heartbeat_pings import Read, last_pings
from opsknight.ui.own_services import read_own_services
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.copybox import copy_button, copybox
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict
from opsknight.ui.pinging import address, badge, ways
from opsknight.ui.reading import read_heartbeats, read_pings
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/heartbeats"
AGAIN_EVERY_S: Final = 10.0
"""How soon a ping shows on an open page; the incident that a silence opens is live as ever, on the board."""
PAUSES: Final[Mapping[str, int]] = {"1 hour": 3600, "8 hours": 28_800, "1 day": 86_400, "1 week": 604_800}
_STATES: Final[Mapping[str, tuple[str, Kind, str]]] = {
    "new": ("New", "none", ""),
    "up": ("Up", "good", ""),
    "started": ("Running", "wait", "heartbeat"),
    "late": ("Late", "warn", "clock"),
    "down": ("Down", "bad", ""),
    "paused": ("Paused", "none", "status-snoozed"),
}
_STRUCTURE: Final = ("id", "name", "service", "rhythm", "grace_s", "urgency", "key", "former_key")
"""When one of these changes, or a pause begins or ends, a line is built anew as a whole."""


def mount(deps: Deps) -> None:
    """Serve the page at /heartbeats."""

    @page(PATH, title="Heartbeats")
    async def heartbeats_page() -> None:
        viewer = await signed_in(deps)
        with_keys = viewer.may(Need.CONFIGURE)
        lines = await read_heartbeats(deps, with_keys=with_keys)
        services = await read_own_services(deps, viewer)

        async def read(heartbeat_id: str) -> Sequence[PingLine]:
            await still_signed_in(deps)
            return await read_pings(deps, heartbeat_id)

        ui.add_head_html(f'<script defer src="{asset("heartbeats.js")}"></script>')
        with frame("Heartbeats", viewer):
            shown = show(viewer, lines, services=services, base_url=deps.settings.address, read=read)

        @in_turn
        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_heartbeats(deps, with_keys=with_keys))

        shown.place.on("changed", again, args=[])
        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def show(
    viewer: Viewer,
    lines: Sequence[HeartbeatLine],
    *,
    services: Mapping[str, str],
    base_url: str,
    read: Read,
) -> Heartbeats:
    """Build the page; `services` (id → name) are those whose heartbeats the reader may make and change.

    `base_url` is where jobs reach us.

    `read` returns the last pings of a heartbeat, newest first, once somebody wants to see them.
    """
    says = "Backups, cron jobs and workers that must report in time. When one stays silent, its service is paged."
    may_arrange = viewer.may(Need.CONFIGURE)
    with heading("Heartbeats", says):
        if may_arrange and services:
            button("New heartbeat", kind="primary", icon="plus", data_act="heartbeat-new", data_dialog=FORM)
    shown = Heartbeats(viewer, base_url, read, services=services if may_arrange else ())
    shown.update(lines)
    if may_arrange:
        build_dialogs(services)
        build_end_dialog()
    return shown


class Heartbeats:
    """The list on the page. It is brought up to date in place, so that what is open or in focus stays so."""

    def __init__(self, viewer: Viewer, base_url: str, read: Read, *, services: Collection[str]) -> None:
        """Build an empty list; `place` hears `changed` when the browser has changed something."""
        self._viewer = viewer
        self._base_url = base_url
        self._read = read
        self._services = services
        self._built: Sequence[tuple[object, ...]] | None = None
        self._lines: dict[str, tuple[HeartbeatLine, ui.element]] = {}
        self.place = tag("div", id="ok-beats", classes="ok-beats")

    def update(self, lines: Sequence[HeartbeatLine]) -> None:
        """Show `lines`."""
        structure = [(*(line[name] for name in _STRUCTURE), line["state"] == "paused") for line in lines]
        if structure != self._built:
            self._built = structure
            self.place.clear()
            with self.place:
                self._build(lines)
            return
        for line in lines:
            before, times = self._lines[line["id"]]
            if before != line:
                times.clear()
                with times:
                    _standing(line)
                self._lines[line["id"]] = line, times

    def _build(self, lines: Sequence[HeartbeatLine]) -> None:
        self._lines = {}
        if not lines:
            self._teach()
        for line in lines:
            with tag("article", classes="ok-beat", id=f"heartbeat-{line['id']}"):
                with tag("div", classes="ok-beat-head"):
                    _who(line)
                    with tag("div", classes="ok-beat-times") as times:
                        _standing(line)
                    self._deeds(line)
                self._how(line)
                last_pings(line["id"], self._read)
            self._lines[line["id"]] = line, times

    def _teach(self) -> None:
        says = (
            "A job that dies says nothing. Let it report here each time it has run: if its report stays out, its"
            " service is paged, and the next report resolves the incident."
        )
        who = "" if self._services else " A manager or an admin adds the first one, and a service before it."
        with empty("No heartbeats yet", says + who, icon_name="heartbeat"):
            if self._services:
                button("New heartbeat", kind="primary", icon="plus", data_act="heartbeat-new", data_dialog=FORM)

    def _deeds(self, line: HeartbeatLine) -> None:
        url, name = f"/api/v1/heartbeats/{line['id']}", line["name"]
        with tag("div", classes="ok-buttons"):
            if self._viewer.may(Need.RESPOND):
                if line["state"] == "paused":
                    _deed("Resume", f"{url}/resume", label=f"Resume {name}")
                else:
                    _pause(line, url)
            if self._is_own(line):
                button(
                    "Edit",
                    kind="quiet",
                    small=True,
                    data_act="heartbeat-edit",
                    data_dialog=FORM,
                    data_url=url,
                    data_line=json.dumps(_editable(line)),
                    aria_label=f"Edit {name}",
                )
                button(
                    "Delete",
                    kind="quiet",
                    small=True,
                    data_act="heartbeat-ask",
                    data_dialog=DELETE,
                    data_url=url,
                    data_name=name,
                    aria_label=f"Delete {name}",
                )

    def _is_own(self, line: HeartbeatLine) -> bool:
        return str(line["service_id"]) in self._services

    def _how(self, line: HeartbeatLine) -> None:
        key, badge_key = line["key"], line["badge_key"]
        if key is None or badge_key is None:
            tag("p", "Its address is for managers and admins to see; ask one of them.", classes="ok-muted")
            return
        if line["former_key"] is not None and self._is_own(line):
            show_former(line, address(self._base_url, line["former_key"]))
        at = address(self._base_url, key)
        with tag("div", classes="ok-beat-address"):
            tag("code", at)
            copy_button(at, words="", what=f"the address of {line['name']}")
        with tag("details", classes="ok-more"):
            tag("summary", "How to make a job report")
            with tag("div", classes="ok-beat-ways"):
                for way in ways(line, self._base_url, key):
                    tag("p", way.name, classes="ok-where")
                    copybox(way.text, what=f"the lines for {way.name.lower()}")
                tag("p", "A badge for a README; whoever has its address sees the state", classes="ok-where")
                copybox(badge(self._base_url, badge_key), what="the address of the badge")
                if line["former_key"] is None and self._is_own(line):
                    offer_new_key(line)


def _who(line: HeartbeatLine) -> None:
    with tag("div", classes="ok-beat-who"):
        tag("h2", line["name"])
        with tag("p", classes="ok-muted"):
            tag("a", line["service"], href=f"/services#service-{line['service_id']}")
            tag("span", f" · {line['rhythm']}, {span(line['grace_s'])} grace")
            if line["urgency"] == "low":
                tag("span", " · low urgency")


def _standing(line: HeartbeatLine) -> None:
    words, kind, mark = _STATES[line["state"]]
    verdict(words, kind, mark=mark)
    if line["incident"] is not None:
        tag("a", f"Incident #{line['incident']}", href=f"/incidents/{line['incident']}")
    with tag("span", classes="ok-muted"):
        if line["last_ping_at"] is None:
            tag("span", "never heard")
        else:
            tag("span", "heard ")
            moment(line["last_ping_at"], "ago")
            if line["last_duration_s"] is not None:
                tag("span", f", ran {span(line['last_duration_s'])}")
    _next(line)


def _next(line: HeartbeatLine) -> None:
    at: tuple[str, float] | None = None
    if line["paused_until"] is not None:
        at = "until ", line["paused_until"]
    elif line["state"] == "late" and line["deadline"] is not None:
        at = "down ", line["deadline"]
    elif line["state"] == "started" and line["deadline"] is not None:
        at = "must end by ", line["deadline"]
    elif line["state"] in ("up", "down") and line["due_at"] is not None:
        at = "next due ", line["due_at"]
    if at is not None:
        with tag("span", classes="ok-muted"):
            tag("span", at[0])
            moment(at[1], "in" if line["state"] == "late" else "clock")


def _pause(line: HeartbeatLine, url: str) -> None:
    name = f"pause-{line['id']}"
    button("Pause", kind="quiet", small=True, popovertarget=name, aria_label=f"Pause {line['name']}")
    with menu(name, label=f"Pause {line['name']} for"):
        for words, seconds in PAUSES.items():
            body = json.dumps({"for_s": seconds})
            item(f"For {words}", icon_name="clock", data_act="heartbeat-do", data_url=f"{url}/pause", data_body=body)


def _deed(words: str, url: str, *, label: str) -> None:
    button(words, small=True, data_act="heartbeat-do", data_url=url, data_body="{}", aria_label=label)


def _editable(line: HeartbeatLine) -> Mapping[str, object]:
    return {
        "name": line["name"],
        "service_id": line["service_id"],
        "period_s": line["period_s"],
        "cron": line["cron"],
        "zone": line["zone"],
        "grace_s": line["grace_s"],
        "urgency": line["urgency"],
    }
