"""One step of the editor, hidden, to be written out for each that there is; and the dialog that says whom to ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nicegui import ui

from opsknight.domain.model.maintenance import WEEKDAYS
from opsknight.domain.model.policy_check import MOST_ALERTS
from opsknight.domain.model.step_conditions import PRIORITIES
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import Askable

WHOM: Final = "ok-policy-whom"
UNITS: Final[Mapping[str, str]] = {"1": "seconds", "60": "minutes", "3600": "hours", "86400": "days"}
_URGENCIES: Final = {"": "any urgency", "high": "high urgency only", "low": "low urgency only"}
_SUPPORTED: Final = {"": "at any hour", "true": "within support hours only", "false": "outside support hours only"}


def build_template(zone: str) -> None:
    """Build the step and the line of hours, hidden; hours begin in `zone`."""
    with tag("div", id="policy-templates", hidden=True):
        _hours_row()
        with tag("div", classes="ok-step", role="listitem"), tag("div", classes="ok-step-card"):
            _head()
            tag("ul", classes="ok-step-targets", data_part="targets", aria_label="Whom it asks")
            button("Ask somebody", small=True, icon="plus", data_act="step-ask", data_part="ask")
            _ways()
            _when(zone)
            tag("div", data_part="warnings", classes="ok-step-warnings")
            _wait()


def build_whom(askable: Askable) -> None:
    """Build the dialog in which somebody is chosen, with a field that narrows the list."""
    with dialog(WHOM, "Whom to ask"):
        field("whom-filter", "Find", autocomplete="off", spellcheck="false", data_filters=f"#{WHOM} .ok-whom button")
        with tag("div", classes="ok-whom", id="whom-list"):
            _group("Who is on call on", "schedule", "clock", askable.schedules)
            _group("People", "user", "person", askable.people)
            _group("Everybody in", "team", "team", askable.teams)
            _group("The managers of", "team_managers", "key", askable.teams)
            _group("Post in", "room", "send", askable.rooms)
            tag("p", "Nobody of that name.", classes="ok-filter-none ok-muted", hidden=True)


def _group(title: str, kind: str, mark: str, names: Mapping[str, str]) -> None:
    if not names:
        return
    with tag("div", role="group", aria_label=title):
        tag("h3", title)
        for number, name in names.items():
            with tag("button", type="button", data_act="step-asked", data_kind=kind, data_id=number, data_name=name):
                icon(mark)
                tag("span", name)
                tag("span", title, classes="ok-hide")


def _head() -> None:
    with tag("div", classes="ok-step-head"):
        tag("h2", "Step", data_part="title")
        with tag("div", classes="ok-step-tools"):
            _tool("step-up", "chevron", "Move up", classes="ok-step-up", key="ArrowUp")
            _tool("step-down", "chevron", "Move down", key="ArrowDown")
            _tool("step-remove", "close", "Remove")


def _tool(act: str, mark: str, words: str, *, classes: str = "", key: str = "") -> None:
    keys = {"aria_keyshortcuts": f"Alt+{key}"} if key else {}
    named = {"data_words": words, "title": words, "aria_label": words}
    with tag("button", classes=f"ok-tool {classes}", type="button", data_act=act, **named, **keys):
        icon(mark)


def _ways() -> None:
    with tag("div", classes="ok-step-ways"):
        _switch("round_robin", "One at a time, in turn")
        _switch("everyone", "Everyone must acknowledge")


def _switch(part: str, words: str) -> None:
    with tag("label", classes="ok-switch"):
        tag("input", type="checkbox", role="switch", data_part=part)
        tag("span", words)


def _when(zone: str) -> None:
    with tag("details", classes="ok-more", data_part="when"):
        with tag("summary"):
            tag("span", "Always", data_part="when-words")
        with tag("div", classes="ok-step-when"):
            _choose("urgency", "Urgency", _URGENCIES)
            _choose("support_hours", "The service's support hours", _SUPPORTED)
            with tag("fieldset", classes="ok-step-priorities"):
                tag("legend", "Priorities; none chosen: any")
                for priority in PRIORITIES:
                    with tag("label"):
                        tag("input", type="checkbox", data_part="priority", value=priority)
                        tag("span", priority)
            with tag("label", classes="ok-field"):
                tag("span", "From so many alerts on")
                limits = {"min": "0", "max": str(MOST_ALERTS), "inputmode": "numeric", "placeholder": "any"}
                tag("input", classes="ok-input", type="number", data_part="alerts_at_least", **limits)
            with tag("fieldset", classes="ok-step-hours"):
                tag("legend", "Weekdays and hours; none: at any time")
                tag("div", data_part="hours", classes="ok-step-hours-rows")
                button("Add hours", kind="quiet", small=True, icon="plus", data_act="step-hours", data_part="hours-add")
                with tag("label", classes="ok-field", data_part="zone-field"):
                    tag("span", "By the clock of")
                    tag("input", classes="ok-input", type="text", data_part="zone", value=zone, spellcheck="false")


def _choose(part: str, words: str, options: Mapping[str, str]) -> ui.element:
    with tag("label", classes="ok-field"):
        tag("span", words)
        with tag("select", classes="ok-select", data_part=part) as control:
            for value, said in options.items():
                tag("option", said, value=value)
    return control


def _hours_row() -> None:
    with tag("div", classes="ok-step-hours-row"):
        with tag("select", classes="ok-select", aria_label="Weekday", data_part="weekday"):
            tag("option", "Mon–Fri", value="1-5")
            for number, day in enumerate(WEEKDAYS, 1):
                tag("option", day, value=str(number))
        for part, words, value in (("start", "From", "09:00"), ("end", "To", "17:00")):
            tag("input", classes="ok-input", aria_label=words, data_part=part, value=value, maxlength="5", size="5")
        _tool("step-hours-remove", "close", "Remove these hours")


def _wait() -> None:
    with tag("div", classes="ok-step-wait"):
        with tag("label"):
            tag("span", "Then wait", data_part="wait-words")
            tag("input", classes="ok-input", type="number", min="0", inputmode="numeric", data_part="wait")
        with tag("select", classes="ok-select", aria_label="Unit of the wait", data_part="unit"):
            for value, words in UNITS.items():
                tag("option", words, value=value)
        tag("span", "before the next step", classes="ok-muted", data_part="wait-for")
