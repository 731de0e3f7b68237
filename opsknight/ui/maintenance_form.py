"""The dialogs of /maintenance: one to plan a window, one that asks before a window is ended or cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.domain.model.maintenance import WEEKDAYS
from opsknight.ui.conditions import conditions
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import choice, field, select, switch
from opsknight.ui.parts.tag import tag

FORM: Final = "ok-window-form"
ASK: Final = "ok-window-ask"
UNITS: Final[Mapping[str, str]] = {"60": "minutes", "3600": "hours", "86400": "days"}
REPEATS: Final[Mapping[str, str]] = {
    "once": "Once",
    "daily": "Every day",
    "weekly": "On weekdays of my choice",
    "monthly": "Every month, on this day",
}


def build_dialogs(scopes: Mapping[str, str]) -> None:
    """Build both dialogs, closed; assets/maintenance.js fills them in and sends what they hold."""
    with dialog(FORM, "Plan maintenance"):
        select("window-scope", "What is worked on", scopes, chosen=next(iter(scopes)))
        _amount("window-length", "It takes", 1, unit="3600")
        choice("window-start", {"now": "From now on", "later": "At a set time"}, chosen="now", label="When it begins")
        with tag("div", classes="ok-window-later"):
            _later()
        field("window-name", "Name", value="Maintenance", maxlength="100")
        with tag("details", classes="ok-more"):
            tag("summary", "Only for some alerts")
            conditions("window-conditions", label="All of these must hold")
        with tag("div", id="window-open"):
            switch("window-also-open", "Silence what is open now as well", on=False)
        tag("p", classes="ok-error", id="window-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Start maintenance", kind="primary", data_act="window-save", id="window-save")
            button("Cancel", kind="quiet", data_act="close")
    with dialog(ASK, "End it now?"):
        tag("p", id="window-ask-words")
        with tag("div", classes="ok-buttons"):
            button("End now", kind="danger", data_act="window-asked", id="window-asked")
            button("Leave it", kind="quiet", data_act="close")


def _later() -> None:
    field("window-at", "Begins", type="datetime-local")
    field("window-zone", "By the clock of", value="UTC", spellcheck="false", says="A time zone, as Europe/Berlin.")
    select("window-repeat", "It comes", REPEATS, chosen="once")
    with tag("fieldset", classes="ok-window-days"):
        tag("legend", "Weekdays")
        for number, name in enumerate(WEEKDAYS, 1):
            with tag("label"):
                tag("input", type="checkbox", name="window-day", value=str(number), aria_label=name)
                tag("span", name[:3])
    with tag("div", classes="ok-window-last"):
        field("window-last", "Last day", type="date", says="Empty: until somebody cancels it.")


def _amount(name: str, label: str, number: int, *, unit: str) -> None:
    """Show a number with its unit beside it."""
    with tag("div", classes="ok-field"):
        tag("label", label, for_=name)
        with tag("div", classes="ok-window-amount"):
            tag("input", classes="ok-input", id=name, type="number", min="1", value=str(number), inputmode="numeric")
            with tag("select", classes="ok-select", id=f"{name}-unit", aria_label=f"{label}: unit"):
                for value, words in UNITS.items():
                    tag("option", words, value=value, selected=True if value == unit else None)
