"""Escalation policies as pages show them, what the server says of a draft, and what would happen."""

from __future__ import annotations

from typing import Any

from opsknight.ui.reading import Askable
from opsknight.ui.what_if import Senders
from tests.ui.samples import LONG_WORD, NOW

TEAMS = {"1": "Payments", "2": LONG_WORD}
SERVICES = {"1": "Checkout", "2": LONG_WORD}
SENDERS = Senders(
    {"2": [{"id": 7, "name": "Prod", "kind": "alertmanager", "label": "Prometheus Alertmanager"}]},
    {"alertmanager": '{"version": "4", "alerts": []}'},
)
ASKABLE = Askable(
    schedules={"1": "Primary", "2": LONG_WORD}, people={"1": "Amira Khan", "2": "Wei Zhang"}, teams={"1": "Payments"}
)
OFFICE = {
    "zone": "Europe/Berlin",
    "parts": [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(1, 6)],
}
UNREACHABLE = "Step 2 asks Wei Zhang, who cannot be reached: no contact method is verified."


def a_target(kind: str = "user", number: int = 1, name: str = "Amira Khan") -> Any:
    return {"kind": kind, "id": number, "name": name}


def a_step(*targets: Any, **said: Any) -> Any:
    step = {"wait_s": 300, "targets": list(targets), "round_robin": False, "everyone": False, "when": {}}
    return {**step, **said}


def a_policy(**said: Any) -> Any:
    when = {"urgency": "high", "priorities": ["P1"], "hours": OFFICE, "alerts_at_least": 3}
    line = {
        "id": 1,
        "name": "Checkout",
        "team_id": 1,
        "team": "Payments",
        "repeats": 1,
        "version": 4,
        "steps": [
            a_step(a_target(), a_target("schedule", 1, "Primary")),
            a_step(a_target("user", 2, "Wei Zhang"), wait_s=90),
            a_step(a_target("team_managers", 1, "Payments"), wait_s=7200, when=when),
        ],
        "services": [],
        "running": 3,
    }
    return {**line, **said}


def warnings() -> Any:
    every = "Every step has conditions: where none of them holds, the safety net pages at once."
    return [
        {"step": 2, "kind": "unreachable", "sentence": UNREACHABLE},
        {"step": 1, "kind": "gaps", "sentence": f"Step 1: {LONG_WORD} has a gap in the next 13 weeks."},
        {"step": None, "kind": "only_conditions", "sentence": every},
        {"step": 3, "kind": "reaches_nobody", "sentence": "Step 3 reaches nobody now: nobody is on call."},
    ]


def policies() -> Any:
    used = [{"id": 1, "name": "Checkout"}, {"id": 2, "name": LONG_WORD}]
    long = a_policy(id=2, name=LONG_WORD, team=LONG_WORD, services=used, steps=[a_step(a_target(name=LONG_WORD))])
    return [(a_policy(), warnings()), (long, []), (a_policy(id=3, name="Empty", repeats=0, steps=[]), [])]


def a_message(user: str = "Amira Khan", after_s: float = 0, **said: Any) -> Any:
    message = {"user_id": 1, "user": user, "channel": "push", "at": NOW + after_s, "after_s": after_s}
    return {**message, "delayed": None, "cut_at": None, "cut_by": None, **said}


def an_entry(after_s: float, *messages: Any, **said: Any) -> Any:
    entry = {"at": NOW + after_s, "after_s": after_s, "kind": "step", "step": 1, "round": 1, "sentences": []}
    return {**entry, "messages": list(messages), **said}


def foreseen(*reasons: str) -> Any:
    """Return a future in which a mail is cut off, a step is skipped, and the safety net has the last word."""
    late = a_message(channel="email", after_s=600, delayed="10 min", cut_at=NOW + 300, cut_by="step 2")
    skipped = "Step 3 was skipped, it asks only Mon–Fri 09:00–17:00, Europe/Berlin."
    net = "The safety net paged Max: the team's managers."
    return {
        "at": NOW, "service": "Checkout", "title": "Disk full", "urgency": "high", "policy": "Checkout",
        "read": "Read as “Disk full”, critical.", "severity": "critical",
        "pages_at": NOW, "reasons": list(reasons), "goes_on": True,
        "entries": [
            an_entry(0, a_message(), late, sentences=["Step 1 paged Amira Khan."]),
            an_entry(300, a_message(LONG_WORD, 300), step=2, sentences=[f"Step 2 paged {LONG_WORD}."]),
            an_entry(390, step=3, sentences=[skipped]),
            an_entry(390, a_message(after_s=390), round=2, sentences=["Step 1, round 2 paged Amira Khan."]),
            an_entry(4500, a_message("Max", 4500), kind="net", step=None, round=None, sentences=[net]),
        ],
    }  # fmt: skip
