"""Rules as pages show them, and what a preview answers."""

from __future__ import annotations

from typing import Any

from opsknight.domain.queries.rules import RuleLine
from tests.clock import NOON
from tests.ui.samples import LONG_WORD

AT = NOON.timestamp()


def a_rule(**said: Any) -> RuleLine:
    """Return a rule of all services that has matched often."""
    line: Any = {
        "id": 1, "service_id": None, "service": None, "name": "Staging wakes nobody",
        "when": 'tags.env == "staging"', "words": ["sets the urgency to low", "suppresses it until its alert resolves"],
        "enabled": True, "matched": 1284, "matched_at": AT, "skipped": 0, "skipped_at": None, "why": "",
        "to_archived": None, **said,
    }  # fmt: skip
    document = {"name": line["name"], "when": line["when"], "set": {"urgency": "low"}, "then": "suppress"}
    return {"rule": document, **line}


def rules() -> list[RuleLine]:
    """Return rules of all services and of one: one that is off, one that is skipped, one with a very long word."""
    skipped = "its condition takes more than 1000 steps for this event"
    pause = {"name": "Pause", "when": "true", "pause": "5m", "stop": True}
    return [
        a_rule(),
        a_rule(
            id=2, name="Transient probes wait until they are sure", rule=pause, words=["waits 5 min before it pages"],
            when='source starts_with "probe-" and details.check.output matches "timeout|connection reset"',
        ),
        a_rule(id=3, name="Old noise", enabled=False, matched=0, matched_at=None, words=["drops it"]),
        a_rule(id=4, service_id=1, service="Checkout", name=f"Disk of {LONG_WORD}", when=f'title == "{LONG_WORD}"'),
        a_rule(id=5, service_id=1, service="Checkout", name="Costly", skipped=31, skipped_at=AT, why=skipped),
    ]  # fmt: skip


def preview() -> dict[str, Any]:
    """Return what trying a rule answers."""
    before = {"title": "Disk full on db-1", "severity": "critical", "urgency": "high", "tags": {}, "dedup_key": "a"}
    after = {**before, "severity": "warning", "urgency": "low", "tags": {"tier": "2"}}
    long = {**before, "title": f"Disk full on {LONG_WORD}"}
    several = [
        {"incident": 412, "at": AT, "before": before, "after": after, "fate": "suppressed", "spared": 2},
        {"incident": 411, "at": AT - 7200, "before": long, "after": long, "fate": "pages later", "spared": 0},
    ]
    sentence = "Of the 812 alerts of the last 7 days it matches 2; it would have spared 2 of 40 pages."
    return {"sentence": sentence, "skipped": 0, "why": "", "examples": several}
