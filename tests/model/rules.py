"""Rules to test with: say only what matters."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from hypothesis import strategies as st

from opsknight.domain.model.event import Event
from opsknight.domain.model.rule import Rule
from opsknight.domain.model.rule_document import rule_of
from opsknight.domain.model.rule_set import RuleSet, Ruling
from tests.model.expressions import AROUND

_numbers = count(1)


def compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(str(error)) from error


def a_rule(when: str = "true", **parts: Any) -> Rule:
    """Return a rule from the parts of its document; it is about every event unless it says more."""
    number = next(_numbers)
    return rule_of({"name": f"Rule {number}", "when": when, **parts}, compiled, rule_id=number)


def judged(event: Event, *rules: Rule) -> Ruling:
    """Return what `rules` make of `event`."""
    return RuleSet.of(rules, compiled).judge(Ruling(event), AROUND)


spans = st.sampled_from(["30s", "5m", "90m", "2h", "1d"])
by = st.lists(st.sampled_from(["tags.host", "title", "details.a.b", "component"]), max_size=3)
sets = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.sampled_from(["critical", "warning", "info"]),
        "urgency": st.sampled_from(["high", "low"]),
        "priority": st.sampled_from(["P1", "P5"]),
        "title": st.sampled_from(["[x] {title}", "{tags.host} {{is}} down"]),
        "tags": st.dictionaries(st.sampled_from(["env", "host"]), st.sampled_from(["prod", "{component}"]), min_size=1),
        "dedup_key": st.just("{service}:{title}"),
    },
)
conditions = st.sampled_from(
    [
        "true",
        'tags.env == "prod"',
        'tags.env in ["prod", "dev"] and severity == "critical"',
        'integration == "Probes" and tags.host == "a" and title contains "x"',
        'not tags.env == "prod"',
        'service == "Other" or component == "b"',
    ]
)
documents = st.fixed_dictionaries(
    {"name": st.text("abc ", min_size=1).map(str.strip).filter(bool), "when": conditions},
    optional={
        "set": sets.filter(bool),
        "then": st.sampled_from(["suppress", "drop"]),
        "pause": spans,
        "group": st.fixed_dictionaries({"by": by, "within": spans}),
        "threshold": st.fixed_dictionaries({"count": st.integers(1, 50), "within": spans}),
        "stop": st.just(True),
        "enabled": st.just(False),
    },
)
