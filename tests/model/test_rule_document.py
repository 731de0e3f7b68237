"""Rules as plain data: both ways the same, and refusals that name the part."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from opsknight.domain.model.rule import BadRule
from opsknight.domain.model.rule_document import document_of, rule_of
from tests.model.rules import compiled, documents

WHOLE = {
    "name": "Staging is quiet",
    "when": 'tags.env == "staging"',
    "set": {"severity": "warning", "priority": "P4", "tags": {"quiet": "yes"}},
    "then": "suppress",
    "pause": "5m",
    "group": {"by": ["tags.cluster"], "within": "30m"},
    "threshold": {"count": 5, "within": "10m", "by": ["tags.host"]},
    "stop": True,
    "enabled": False,
}


def test_a_document_with_every_part_is_read_and_written_as_it_was():
    assert document_of(rule_of(WHOLE, compiled)) == WHOLE


@pytest.mark.parametrize(
    ("change", "part", "says"),
    [
        ({"name": " "}, "name", "A rule needs a name"),
        ({"wen": "true"}, "rule", "“wen” is no part of the rule; did you mean “when”?"),
        ({"set": {"severity": "bad"}}, "severity", "There is no severity “bad”; it is one of critical, error,"),
        ({"set": {"priority": "P9"}}, "priority", "There is no priority “P9”"),
        ({"set": {"title": "{titel}"}}, "title", "{titel}: There is no field titel; did you mean title?"),
        ({"set": {"title": "{title"}}, "title", "A { stands alone"),
        ({"then": "mute"}, "then", "then is “mute”; it can be suppress or drop."),
        (
            {"then": {"urgency": "low"}},
            "then",
            "then is one word, suppress or drop; what an event becomes stands under set.",
        ),
        ({"pause": "5 weeks"}, "pause", "pause is “5 weeks”; write a span such as 90s, 10m, 2h or 1d."),
        ({"pause": "8d"}, "pause", "pause is “8d”; it can be up to 7 days"),
        ({"pause": True}, "pause", "pause is “True”"),
        ({"group": {}}, "group", "A group needs fields, a span, or both"),
        ({"group": {"by": ["hots"], "within": "5m"}}, "group", "There is no field hots"),
        ({"threshold": {"count": 0, "within": "5m"}}, "threshold", "threshold is “0”; it is a whole number from 1"),
        ({"threshold": {"count": 5}}, "threshold", "A threshold needs both"),
        ({"stop": "yes"}, "stop", "stop is “yes”; it can be true or false."),
    ],
)
def test_a_part_that_cannot_be_used_is_refused_by_its_name(change: dict[str, Any], part: str, says: str):
    with pytest.raises(BadRule) as refusal:
        rule_of({**WHOLE, **change}, compiled)

    assert refusal.value.part == part
    assert refusal.value.sentence.startswith(says)


@pytest.mark.parametrize("document", [None, [], "x", 3, {"name": "x", "when": 3}, {3: 4}])
def test_what_is_no_rule_at_all_is_refused(document: object):
    with pytest.raises(BadRule):
        rule_of(document, compiled)


@given(documents)
def test_a_rule_is_the_same_after_being_written_and_read(document: dict[str, Any]):
    rule = rule_of(document, compiled)

    assert rule_of(document_of(rule), compiled) == rule
