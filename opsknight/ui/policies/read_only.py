"""One policy for those who may look and not change: its steps, what may go wrong, and what would happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from opsknight.domain.model.ledger import span
from opsknight.domain.queries.policy_lines import PolicyLine
from opsknight.domain.queries.policy_warnings import WarningLine
from opsknight.ui import foresight
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.policies.words import asks, conditions, offsets

DOCUMENT: Final = ("name", "team_id", "repeats", "steps")
"""What of a policy is sent back as a whole."""


def show(line: PolicyLine, warnings: Sequence[WarningLine], *, services: Mapping[str, str]) -> None:
    """Build the page; the policy is tried with one of `services` (id → name)."""
    says = f"An escalation policy of {line['team']}. Its managers, and admins, can change it."
    with heading(line["name"], says):
        pass
    with tag("div", classes="ok-policy"):
        with tag("div", classes="ok-policy-form"):
            _general(warnings)
            with tag("ol", classes="ok-steps", aria_label="Steps"):
                for number, (step, at) in enumerate(zip(line["steps"], offsets(line["steps"]), strict=True), start=1):
                    with tag("li", classes="ok-step"):
                        tag("span", f"+{span(at)}" if at else "at once", classes="ok-step-at ok-tab")
                        with tag("div", classes="ok-step-card"):
                            tag("h2", f"Step {number}")
                            tag("p", f"Asks {asks(step)}.")
                            if only := conditions(step):
                                tag("p", f"It asks {only}.", classes="ok-muted")
                            for warning in warnings:
                                if warning["step"] == number:
                                    tag("p", warning["sentence"], classes="ok-error")
            repeats = line["repeats"]
            again = (
                f"After the last step {repeats} more round{'' if repeats == 1 else 's'}, then the"
                if repeats
                else "Then the"
            )
            tag("p", f"{again} safety net pages the managers of {line['team']}.", classes="ok-steps-end")
        foresight.panel(services, document={name: line[name] for name in DOCUMENT})


def _general(warnings: Sequence[WarningLine]) -> None:
    for warning in warnings:
        if warning["step"] is None:
            tag("p", warning["sentence"], classes="ok-error")
