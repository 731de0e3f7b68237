"""The dialogs of /heartbeats: one to make or change a heartbeat, one that asks before it is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import choice, field, select
from opsknight.ui.parts.tag import tag

FORM: Final = "ok-beat-form"
DELETE: Final = "ok-beat-delete"
UNITS: Final[Mapping[str, str]] = {"60": "minutes", "3600": "hours", "86400": "days", "1": "seconds"}


def build_dialogs(services: Mapping[str, str]) -> None:
    """Build both dialogs, closed; assets/heartbeats.js fills them in and sends what they hold."""
    with dialog(FORM, "New heartbeat"):
        field("beat-name", "Name", says="What must report, such as “Nightly backup”.", maxlength="100")
        select("beat-service", "Service", services, says="Its policy is paged when the report stays out.")
        choice(
            "beat-kind", {"period": "At intervals", "cron": "At set times"}, chosen="period", label="When it reports"
        )
        with tag("div", classes="ok-beat-period"):
            _amount("beat-period", "It reports every", 1, unit="86400")
        with tag("div", classes="ok-beat-cron"):
            field(
                "beat-cron",
                "Cron expression",
                value="0 3 * * *",
                says="Minute, hour, day of month, month, day of week.",
                spellcheck="false",
            )
            field("beat-zone", "Time zone", value="UTC", spellcheck="false")
        _amount("beat-grace", "It may be late by", 10, unit="60")
        choice(
            "beat-urgency",
            {"high": "High urgency", "low": "Low urgency"},
            chosen="high",
            label="How loudly its silence pages",
        )
        tag("p", classes="ok-error", id="beat-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="heartbeat-save")
            button("Cancel", kind="quiet", data_act="close")
    with dialog(DELETE, "Delete this heartbeat?"):
        tag("p", id="beat-delete-words")
        with tag("div", classes="ok-buttons"):
            button("Delete", kind="danger", data_act="heartbeat-delete")
            button("Keep it", kind="quiet", data_act="close")


def _amount(name: str, label: str, number: int, *, unit: str) -> None:
    """Show a number with its unit beside it."""
    with tag("div", classes="ok-field"):
        tag("label", label, for_=name)
        with tag("div", classes="ok-beat-amount"):
            tag("input", classes="ok-input", id=name, type="number", min="1", value=str(number), inputmode="numeric")
            with tag("select", classes="ok-select", id=f"{name}-unit", aria_label=f"{label}: unit"):
                for value, words in UNITS.items():
                    tag("option", words, value=value, selected=True if value == unit else None)
