"""The editor of a policy: its steps down a time line, what may go wrong at each, and what would happen beside it.

assets/policies.js writes the steps into it, has every draft checked by the server, and sends the whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from opsknight.domain.model.policy_check import LONGEST_NAME, MOST_REPEATS
from opsknight.domain.queries.policy_lines import PolicyLine
from opsknight.domain.queries.policy_warnings import WarningLine
from opsknight.ui import foresight
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.policies import steps
from opsknight.ui.policies.read_only import DOCUMENT
from opsknight.ui.reading import Askable

DELETE: Final = "ok-policy-delete"
_NEW: Final = {"name": "", "repeats": 2, "steps": []}
_REPEATS: Final = {
    "0": "no more rounds",
    "1": "1 more round",
    **{str(count): f"{count} more rounds" for count in range(2, MOST_REPEATS + 1)},
}


def show(
    line: PolicyLine | None,
    warnings: Sequence[WarningLine],
    *,
    teams: Mapping[str, str],
    services: Mapping[str, str],
    askable: Askable,
    zone: str,
) -> None:
    """Build the editor of `line`, or of a new policy, for one of `teams`; it is tried with one of `services`.

    `zone` is the one that hours begin with, the reader's own.
    """
    steps.build_template(zone)
    _head(line)
    with tag("div", classes="ok-policy"):
        document = _NEW if line is None else {name: line[name] for name in DOCUMENT}
        place = {} if line is None else {"data_id": str(line["id"]), "data_version": str(line["version"])}
        with tag(
            "form",
            classes="ok-policy-form",
            id="ok-policy-form",
            novalidate="",
            data_policy=json.dumps(document),
            data_warnings=json.dumps(list(warnings)),
            **place,
        ):
            with tag("div", classes="ok-policy-about"):
                field("policy-name", "Name", autocomplete="off", maxlength=str(LONGEST_NAME))
                select("policy-team", "Team", teams, chosen="" if line is None else str(line["team_id"]))
            tag("div", id="policy-warnings")
            tag("ol", classes="ok-steps", id="policy-steps", aria_label="Steps")
            button("Add a step", icon="plus", data_act="step-add", id="step-add")
            _after()
            _end()
        foresight.panel(services)
    steps.build_whom(askable)
    _delete(line)


def _head(line: PolicyLine | None) -> None:
    says = "Each step asks when nobody has acknowledged after the wait of the one before."
    with heading("New policy" if line is None else line["name"], says):
        if line is not None:
            button("Delete", kind="quiet", data_act="dialog", data_dialog=DELETE)


def _after() -> None:
    with tag("div", classes="ok-steps-end"):
        select("policy-repeats", "After the last step", _REPEATS, chosen="2")
        tag("p", "Then the safety net pages the team's managers, after 5 min all admins as well, every 30 min.")


def _end() -> None:
    with tag("div", classes="ok-policy-end"):
        tag("p", classes="ok-error", id="policy-error", role="alert")
        tag("p", classes="ok-policy-said", id="policy-said", role="status")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="policy-save")
            button("Back to the policies", kind="quiet", href="/policies")


def _delete(line: PolicyLine | None) -> None:
    if line is None:
        return
    with dialog(DELETE, f"Delete “{line['name']}”?"):
        if line["services"]:
            tag("p", "These services go by it. Give them another policy first, then delete this one.")
            with tag("ul", classes="ok-policy-users"):
                for service in line["services"]:
                    with tag("li"):
                        tag("a", service["name"], href=f"/services#service-{service['id']}")
        else:
            running = line["running"]
            goes = f" {running} open incident{' keeps' if running == 1 else 's keep'} the policy they started with."
            tag("p", f"No service goes by it.{goes if running else ''}")
        tag("p", classes="ok-error", id="policy-delete-error", role="alert")
        with tag("div", classes="ok-buttons"):
            if not line["services"]:
                button("Delete", kind="danger", data_act="policy-delete", data_url=f"/api/v1/policies/{line['id']}")
            button("Keep it", kind="quiet", data_act="close")
