"""When somebody is left alone: quiet hours for what is not urgent, and do not disturb with a substitute."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from nicegui import ui

from opsknight.domain.model.maintenance import WEEKDAYS
from opsknight.domain.queries.left_alone import LeftAlone, WindowLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.part import Part
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

SCRIPT: Final = "left_alone.js"
QUIET: Final = "ok-quiet-add"
UNDISTURBED: Final = "ok-undisturb"
_WORKDAYS: Final = range(1, 6)
_FOR: Final[Mapping[str, str]] = {
    "3600": "1 hour", "7200": "2 hours", "14400": "4 hours", "28800": "8 hours", "86400": "1 day", "": "Until…",
}  # fmt: skip


Others: TypeAlias = Mapping[int, str]
"""Who could be paged instead, by their ids."""


def build() -> tuple[Part[LeftAlone], Part[tuple[LeftAlone, Others]], ui.element]:
    """Build both sections; return both lists, and the field that offers who is paged instead."""
    with section("Quiet hours", "They hold low urgency until they end. High urgency always reaches you."):
        quiet = Part(show_quiet_hours)
        with tag("div", classes="ok-buttons ok-after"):
            button("Add quiet hours", icon="plus", data_act="quiet-add")
    with section("Do not disturb", "For a while somebody else gets your pages. It ends by itself."):
        undisturbed = Part[tuple[LeftAlone, Others]](lambda told: show_undisturbed(*told))
    _build_quiet_dialog()
    return quiet, undisturbed, _build_undisturbed_dialog()


def show_quiet_hours(said: LeftAlone) -> None:
    """Build the list of quiet hours, with until when they hold something now."""
    windows = said["quiet_hours"]
    if said["quiet_until"] is not None:
        with tag("p", classes="ok-quiet-now"):
            verdict("Low urgency is held until", "wait", mark="moon")
            moment(said["quiet_until"], "soon")
            if said["waiting"]:
                tag("span", "(1 page waits)" if said["waiting"] == 1 else f"({said['waiting']} pages wait)")
    if not windows:
        tag("p", "None: low urgency reaches you at any time.", classes="ok-muted", data_quiet="[]")
        return
    with tag("ul", classes="ok-own-rule-list", data_quiet=_plain(windows)):
        for place, window in enumerate(windows):
            with tag("li"):
                icon("moon", classes="ok-faint")
                tag("span", window["words"], classes="ok-cut ok-tab")
                with tag("button", classes="ok-tool", type="button", data_act="quiet-remove", data_place=str(place),
                         aria_label=f"Remove {window['words']}"):  # fmt: skip
                    icon("close")
    tag("p", f"By the clock of {said['zone']}. What ends before it begins ends on the next day.", classes="ok-faint")


def show_undisturbed(said: LeftAlone, others: Others) -> None:
    """Say that somebody is paged instead, and until when; or offer what arranges that."""
    line = said["undisturbed"]
    if line is None and others:
        with tag("div", classes="ok-buttons"):
            button("Do not disturb me", icon="moon", data_act="undisturb", data_dialog=UNDISTURBED)
    elif line is None:
        tag("p", "Nobody else is here who could be paged instead of you.", classes="ok-muted")
    else:
        by = line["substitute"] or "Nobody"
        bad = "" if line["reachable"] else f"{by} cannot be paged now, so you are paged all the same."
        with note(bad or f"{by} gets your pages, at high urgency too.", title="Not to be disturbed", kind="warn"):
            with tag("p"):
                tag("span", "Until ")
                moment(line["until"], "soon")
                tag("span", "; it ends by itself.")
            with tag("div", classes="ok-buttons ok-after"):
                button("Page me again", data_act="disturb")


def _build_quiet_dialog() -> None:
    """Build what adds quiet hours: the nights before workdays, unless told otherwise."""
    with dialog(QUIET, "Add quiet hours"):
        with tag("fieldset", classes="ok-field ok-quiet-days"):
            tag("legend", "Beginning on")
            with tag("div", classes="ok-days"):
                for number, day in enumerate(WEEKDAYS, 1):
                    with tag("label"):
                        chosen = True if number in _WORKDAYS else None
                        tag("input", type="checkbox", name="quiet-day", value=str(number), checked=chosen,
                            aria_label=day)  # fmt: skip
                        tag("span", day[:2])
        with tag("div", classes="ok-quiet-times"):
            field("quiet-start", "From", type="time", value="22:00")
            field("quiet-end", "To", type="time", value="07:00")
        tag("p", classes="ok-error", id="quiet-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Add", kind="primary", data_act="quiet-added", id="quiet-save")
            button("Cancel", kind="quiet", data_act="close")


def _build_undisturbed_dialog() -> ui.element:
    """Build what asks who is paged instead, and for how long; return the field that offers them."""
    with dialog(UNDISTURBED, "Do not disturb me"):
        by = select("undisturbed-by", "Paged instead", {})
        select("undisturbed-for", "For", _FOR, chosen="14400")
        with tag("div", classes="ok-undisturbed-until"):
            field("undisturbed-until", "Until, by your clock", type="datetime-local")
        says = (
            "They get every page of yours from now on, at high urgency too, and what is still to come of earlier ones."
            " If they cannot be reached, you are paged all the same."
        )
        tag("p", says, classes="ok-muted")
        tag("p", classes="ok-error", id="undisturbed-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Do not disturb me", kind="primary", data_act="undisturbed", id="undisturbed-save")
            button("Cancel", kind="quiet", data_act="close")
    return by


def _plain(windows: Sequence[WindowLine]) -> str:
    return json.dumps([{"weekdays": one["weekdays"], "start": one["start"], "end": one["end"]} for one in windows])
