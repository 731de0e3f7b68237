"""Escalation policies as people say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opsknight.domain.model.ledger import people, span
from opsknight.domain.model.support_hours import Part, SupportHours
from opsknight.domain.queries.policy_lines import PolicyLine, StepLine, TargetLine


def asks(step: StepLine) -> str:
    """Return whom a step asks: `Ada and Primary`, `Ada or Bo in turn`, `Ada and Bo, who must both acknowledge`."""
    names = [_name(target) for target in step["targets"]]
    if not names:
        return "nobody"
    if step["round_robin"]:
        return f"{_either(names)}, in turn" if len(names) > 1 else f"{names[0]}, one at a time"
    if step["everyone"]:
        return f"{people(names)}, who must all acknowledge"
    return people(names)


def conditions(step: StepLine) -> str:
    """Return when a step asks, `only at high urgency and for P1`; empty where it always does."""
    when = step["when"]
    said = [
        f"at {when['urgency']} urgency" if "urgency" in when else "",
        f"for {', '.join(when['priorities'])}" if when.get("priorities") else "",
        ("within" if when["support_hours"] else "outside") + " support hours" if "support_hours" in when else "",
        _hours(when["hours"]).words() if "hours" in when else "",
        f"from {when['alerts_at_least']} alerts on" if when.get("alerts_at_least") else "",
    ]
    found = [words for words in said if words]
    return f"only {people(found)}" if found else ""


def sequence(line: PolicyLine) -> str:
    """Return the whole policy in one sentence, to the safety net."""
    parts: list[str] = []
    after = ""
    for step in line["steps"]:
        only = conditions(step)
        parts.append(f"{after}{asks(step)}{f' ({only})' if only else ''}")
        wait = span(step["wait_s"])
        after = f"then after {wait} " if step["wait_s"] else "then at once "
    repeats = line["repeats"]
    rounds = [f"{repeats} more round{'' if repeats == 1 else 's'}"] if repeats else []
    last = f"{'then ' if repeats else after}the safety net: the managers of {line['team']}"
    said = ", ".join([*parts, *rounds, last])
    return f"{said[:1].upper()}{said[1:]}."


def offsets(steps: Sequence[StepLine]) -> Sequence[int]:
    """Return after how many seconds each step asks when nobody acknowledges and every step reaches somebody."""
    found, at = list[int](), 0
    for step in steps:
        found.append(at)
        at += step["wait_s"]
    return found


def _name(target: TargetLine) -> str:
    if target["kind"] == "team":
        return f"all of {target['name']}"
    return f"the managers of {target['name']}" if target["kind"] == "team_managers" else target["name"]


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _hours(week: Mapping[str, Any]) -> SupportHours:
    parts = tuple(Part(part["weekday"], _minutes(part["start"]), _minutes(part["end"])) for part in week["parts"])
    return SupportHours(week["zone"], parts)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
