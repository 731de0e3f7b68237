"""Whether an escalation policy can be kept: each refusal is a sentence that names the step."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from opsknight.domain.model import support_hours
from opsknight.domain.model.cron import BadCron
from opsknight.domain.model.escalation import Policy, Step
from opsknight.domain.model.ledger import span
from opsknight.domain.model.step_conditions import PRIORITIES
from opsknight.domain.model.support_hours import BadHours

LONGEST_NAME: Final = 200
LONGEST_WAIT: Final = timedelta(days=7)
MOST_STEPS: Final = 20
MOST_TARGETS: Final = 50
MOST_REPEATS: Final = 9
MOST_ALERTS: Final = 10_000


class BadPolicy(ValueError):
    """A policy that cannot be kept; the text is for a person."""


def check(policy: Policy) -> None:
    """Return when `policy` can be kept.

    Raises:
        BadPolicy: it lacks a name or steps, or something is out of its bounds; the text says what and what now.
    """
    if not policy.name.strip():
        raise BadPolicy("An escalation policy needs a name.")
    if len(policy.name) > LONGEST_NAME:
        raise BadPolicy(f"The name has {len(policy.name)} characters; {LONGEST_NAME} are allowed.")
    if not policy.steps:
        raise BadPolicy("An escalation policy needs a step: without one it would reach nobody.")
    if len(policy.steps) > MOST_STEPS:
        raise BadPolicy(f"A policy has {MOST_STEPS} steps at most; repeat it rather than write it twice.")
    if not 0 <= policy.repeats <= MOST_REPEATS:
        raise BadPolicy(f"A policy is repeated 0 to {MOST_REPEATS} times, not {policy.repeats}.")
    for number, step in enumerate(policy.steps, start=1):
        _check_step(number, step)


def _check_step(number: int, step: Step) -> None:
    if not step.targets:
        raise BadPolicy(f"Step {number} asks nobody: name a person, a schedule or a team.")
    if len(step.targets) > MOST_TARGETS:
        raise BadPolicy(f"Step {number} has {len(step.targets)} targets; {MOST_TARGETS} are allowed.")
    if len(set(step.targets)) < len(step.targets):
        raise BadPolicy(f"Step {number} names the same target twice.")
    if not timedelta(0) <= step.wait <= LONGEST_WAIT:
        longest = span(LONGEST_WAIT.total_seconds())
        raise BadPolicy(f"Step {number} waits {span(step.wait.total_seconds())}; 0 s to {longest} are allowed.")
    if step.everyone and step.round_robin:
        raise BadPolicy(f"Step {number} asks one at a time and wants everyone's acknowledge: choose one of the two.")
    _check_conditions(number, step)


def _check_conditions(number: int, step: Step) -> None:
    conditions = step.conditions
    if unknown := [priority for priority in conditions.priorities if priority not in PRIORITIES]:
        raise BadPolicy(f"Step {number}: “{unknown[0]}” is no priority; they are {', '.join(PRIORITIES)}.")
    if not 0 <= conditions.alerts_at_least <= MOST_ALERTS:
        raise BadPolicy(f"Step {number} asks from 0 to {MOST_ALERTS} alerts on, not {conditions.alerts_at_least}.")
    if conditions.hours is not None:
        try:
            support_hours.check(conditions.hours)
        except (BadHours, BadCron) as refusal:
            raise BadPolicy(f"Step {number}, when it asks: {refusal}") from refusal
