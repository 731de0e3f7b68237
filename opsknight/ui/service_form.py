"""The dialogs on /services that make or change a service, and let a monitor speak for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from opsknight.domain.queries.services import ServiceLine
from opsknight.domain.queries.teams import PolicyLine
from opsknight.ui.archived_services import archive_button
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select, switch
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag
from opsknight.ui.senders import GENERIC, kinds

if TYPE_CHECKING:
    from opsknight.deps import Monitor

FORM: Final = "ok-service-form"
MONITOR: Final = "ok-monitor-form"
SCRIPT: Final = "service_form.js"
URL: Final = "/api/v1/services"
MODES: Final[Mapping[str, str]] = {
    "severity": "By severity: critical and error loudly",
    "high": "Always loudly",
    "low": "Always quietly",
}


def new_service(*, primary: bool) -> None:
    """Show the button that opens the empty form."""
    button(
        "New service",
        kind="primary" if primary else "plain",
        icon="plus",
        data_act="service-edit",
        data_dialog=FORM,
        data_url=URL,
        data_title="New service",
        data_line="",
    )


def show_service_deeds(line: ServiceLine) -> None:
    """Show the buttons that change a service and add a monitor to it."""
    with tag("div", classes="ok-buttons ok-service-deeds"):
        button(
            "Edit",
            kind="quiet",
            small=True,
            data_act="service-edit",
            data_dialog=FORM,
            data_url=f"{URL}/{line['id']}",
            data_title=f"Edit {line['name']}",
            data_line=json.dumps({**line, "integrations": []}),
            aria_label=f"Edit {line['name']}",
        )
        button(
            "Add a monitor",
            kind="quiet",
            small=True,
            icon="plus",
            data_act="monitor-new",
            data_dialog=MONITOR,
            data_url=f"{URL}/{line['id']}/integrations",
            data_title=f"A monitor of {line['name']}",
            aria_label=f"Add a monitor to {line['name']}",
        )
        archive_button(line)


def build_service_dialogs(
    teams: Mapping[str, str], policies: Sequence[PolicyLine], monitors: Mapping[str, Monitor]
) -> None:
    """Build both dialogs, closed; `teams` (id → name) are those that the reader may give a service to."""
    with dialog(FORM, "Service"):
        if not policies:
            note(
                "A service pages by an escalation policy, and there is none yet.",
                title="A policy comes first",
                kind="warn",
            )
        field("service-name", "Name", autocomplete="off", maxlength="100")
        field("service-description", "What it does", autocomplete="off", maxlength="1000")
        select("service-team", "Team that owns it", teams)
        named = {str(line["id"]): f"{line['name']} ({line['team']})" for line in policies}
        select("service-policy", "Escalation policy: who is paged", named)
        with tag("div", classes="ok-service-new"):
            says = "Support hours can be set once it is there."
            select("service-mode", "How loudly it pages", MODES, chosen="severity", says=says)
        field("service-runbook", "Runbook", type="url", placeholder="https://", maxlength="2000")
        with tag("details", classes="ok-more"):
            tag("summary", "Times and tags")
            _times()
        tag("p", classes="ok-error", id="service-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="service-save", id="service-save")
            button("Cancel", kind="quiet", data_act="close")
    with dialog(MONITOR, "Monitor"):
        select("monitor-kind", "Kind of monitor", kinds(monitors), chosen=GENERIC)
        field(
            "monitor-name",
            "Name",
            autocomplete="off",
            maxlength="100",
            says="Which one it is, as Prometheus Frankfurt.",
        )
        tag("p", classes="ok-error", id="monitor-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Add", kind="primary", data_act="monitor-save", id="monitor-save")
            button("Cancel", kind="quiet", data_act="close")


def _times() -> None:
    says = "Minutes without any act of the owner until they are asked; empty is never. Without an answer it pages anew."
    with tag("div", classes="ok-service-times"):
        field("service-ack-high", "Still on it? Loud incidents", type="number", min="1", inputmode="numeric", says=says)
        field("service-ack-low", "Still on it? Quiet incidents", type="number", min="1", inputmode="numeric")
        says = "Minutes after a resolve within which a new alert reopens the incident; 0 opens a new one."
        field("service-reopen", "Reopen within", type="number", min="0", inputmode="numeric", says=says)
        switch("service-resolves", "Resolve an incident with its last alert", on=True)
        says = "One on each line, as tier=1. Rules and maintenance can go by them."
        field("service-tags", "Tags", long=True, spellcheck="false", says=says)
