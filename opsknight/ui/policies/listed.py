"""The list of escalation policies: each in one sentence, who goes by it, and what may go wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.policy_lines import PolicyLine
from opsknight.domain.queries.policy_warnings import WarningLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.people import PLACES
from opsknight.ui.policies.words import sequence

SHOWN_WARNINGS = 3


def show(lines: Sequence[tuple[PolicyLine, Sequence[WarningLine]]], *, may_make: bool) -> None:
    """Build the page; `may_make` shows the way to a new policy."""
    with heading("Policies", "Who is asked when something breaks, and who next when nobody acknowledges."):
        button("What if…", href="/what-if", icon="help")
        if may_make:
            button("New policy", kind="primary", icon="plus", href="/policies/new")
    tabs(PLACES, here="/policies")
    if not lines:
        says = "Until a service goes by a policy, nobody is paged for it. A policy says whom to ask, and whom next."
        with empty("No policy yet", says, icon_name="escalate"):
            if may_make:
                button("New policy", icon="plus", href="/policies/new")
        return
    with tag("ul", classes="ok-policies", aria_label="Escalation policies"):
        for line, warnings in lines:
            _policy(line, warnings)


def _policy(line: PolicyLine, warnings: Sequence[WarningLine]) -> None:
    with tag("li", classes="ok-policy-line", id=f"policy-{line['id']}"):
        with tag("div", classes="ok-policy-name"):
            with tag("h2"):
                tag("a", line["name"], href=f"/policies/{line['id']}")
            tag("p", line["team"], classes="ok-muted")
        with tag("div", classes="ok-policy-says"):
            tag("p", sequence(line))
            _used(line)
            for warning in warnings[:SHOWN_WARNINGS]:
                tag("p", warning["sentence"], classes="ok-error")
            if (more := len(warnings) - SHOWN_WARNINGS) and more > 0:
                tag("a", f"and {more} more", href=f"/policies/{line['id']}", classes="ok-error")


def _used(line: PolicyLine) -> None:
    with tag("p", classes="ok-muted ok-policy-used"):
        if not line["services"]:
            tag("span", "No service goes by it")
        for place, service in enumerate(line["services"]):
            tag("span", ", " if place else "For ")
            tag("a", service["name"], href=f"/services#service-{service['id']}")
        if running := line["running"]:
            tag("span", f" · {running} open incident{' goes' if running == 1 else 's go'} by it")
