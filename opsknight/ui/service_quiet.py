"""How loudly a service pages and when, and what counts as flapping: told on /services, and changed in a dialog."""

from __future__ import annotations

import json
from typing import Final

from opsknight.domain.model.maintenance import WEEKDAYS
from opsknight.domain.queries.service_quiet import QuietLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select, switch
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

FORM: Final = "ok-quiet-form"
SCRIPT: Final = "service_quiet.js"
STYLES: Final = "service_quiet.css"
MODES: Final = {
    "severity": "By severity: critical and error loudly",
    "high": "Always loudly",
    "low": "Always quietly",
    "support_hours": "Loudly within support hours, quietly outside",
}


def show_quiet(service_id: int, name: str, line: QuietLine, *, may_change: bool) -> None:
    """Tell in words how a service pages, with a button to change it for who may."""
    with tag("dl", classes="ok-facts"):
        tag("dt", "Pages")
        tag("dd", line["words"], id=f"quiet-words-{service_id}")
        tag("dt", "Flaps")
        tag("dd", line["flapping_words"] or "Never: each opening pages", id=f"flap-words-{service_id}")
        if may_change:
            with tag("dd", classes="ok-quiet-change"):
                button(
                    "Change",
                    kind="quiet",
                    small=True,
                    data_act="quiet-edit",
                    data_dialog=FORM,
                    data_service=str(service_id),
                    data_name=name,
                    data_line=json.dumps(line),
                    aria_label=f"Change how {name} pages",
                )


def build_quiet_dialog() -> None:
    """Build the dialog, closed; assets/service_quiet.js fills it in and sends what it holds."""
    with tag("div", id="ok-hours-row", hidden=True), tag("div", classes="ok-hours-row"):
        with tag("select", classes="ok-select", aria_label="Weekday", data_part="weekday"):
            for number, day in enumerate(WEEKDAYS, 1):
                tag("option", day, value=str(number))
        for part, words, value in (("start", "From", "09:00"), ("end", "To", "17:00")):
            tag("input", classes="ok-input", aria_label=words, data_part=part, value=value, maxlength="5", size="5")
        with tag("button", classes="ok-tool", type="button", data_act="hours-remove", aria_label="Remove"):
            icon("close")
    with dialog(FORM, "How it pages"):
        select("quiet-mode", "How loudly it pages", MODES)
        with tag("fieldset", classes="ok-hours"):
            tag("legend", "Support hours; what is still open when they begin becomes loud")
            tag("div", id="quiet-hours", classes="ok-hours-rows")
            button("Add hours", kind="quiet", small=True, icon="plus", data_act="hours-add", id="hours-add")
            field(
                "quiet-zone", "By the clock of", value="UTC", spellcheck="false", says="A time zone, as Europe/Berlin."
            )
        switch("quiet-flapping", "Page no more for what opens and clears again and again", on=False)
        with tag("div", classes="ok-flapping"):
            field("flap-start", "It flaps from so many changes on", type="number", min="3", value="6")
            field("flap-minutes", "within minutes", type="number", min="1", value="30")
            field("flap-stop", "until there are fewer than", type="number", min="1", value="3")
        tag("p", classes="ok-error", id="quiet-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="quiet-save", id="quiet-save")
            button("Cancel", kind="quiet", data_act="close")
