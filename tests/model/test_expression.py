"""Conditions: read, written and carried out, with refusals that say where and what instead."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Event, Link, Severity
from opsknight.domain.model.expression import And, BadExpression, Expression, Not, Or, write
from opsknight.domain.model.expression_check import read
from opsknight.domain.model.expression_evaluation import MAX_STEPS, Evaluation, OutOfSteps
from opsknight.domain.model.expression_parser import parse
from tests.builders import an_event
from tests.model.expressions import AROUND, events, expressions

EVENT = an_event(
    severity=Severity.ERROR,
    source="db-1",
    tags={"env": "prod", "host name": "db-1", "port": "5432"},
    links=(Link("https://grafana.example.org/d/1"),),
    details={"check": {"output": "inode 97% full", "value": 97.5, "ok": False}, "hosts": ["db-1", "db-2"]},
)


def compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(str(error)) from error


def holds(text: str, event: Event = EVENT) -> bool:
    expression, patterns = read(text, compiled)
    return Evaluation(event, AROUND).holds(expression, patterns)


@pytest.mark.parametrize(
    "text",
    [
        'severity == "error"',
        'severity >= "warning" and severity < "critical"',
        'title contains "full" and title starts_with "Disk" and title ends_with "db-1"',
        'tags.env in ["prod", "live"]',
        'tags["host name"] == source',
        "tags.port == 5432 and tags.port > 1024",
        "details.check.value >= 97.5",
        'details.check.output matches "inode.*full$"',
        r'tags.port matches "^\d{4}$" and tags.port matches "^\\d+$"',
        'details.hosts contains "db-2" and details.hosts.1 == "db-2" and details.hosts[0] == "db-1"',
        "details.check.ok == false and not details.check.ok == true",
        "details.nothing.at.all == null and not details.nothing exists and details.check exists",
        'links contains "grafana"',
        'service == "Checkout" and team == "Shop" and provider == "generic" and integration == "Probes"',
        'hour("Europe/Berlin") != hour and weekday == "tuesday"',
        'component == null or (component == "x" and false)',
    ],
)
def test_a_condition_holds_for_the_event_that_it_describes(text: str):
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'severity == "critical"',
        'title contains "FULL"',
        'tags.env in ["staging"]',
        "details.check.output > 5",
        "details.nothing < 5 or details.nothing >= 5",
        'details.check matches "x"',
        "tags.port == true",
        "component != null",
        "false",
    ],
)
def test_a_condition_does_not_hold_for_another_event(text: str):
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "marked", "says"),
    [
        ('titel == "x"', "titel", "There is no field titel; did you mean title?"),
        ('severity == "sever"', '"sever"', "severity is never “sever”; it is one of critical, error, warning, info."),
        ('title = "x"', "=", "“=” means nothing here; did you mean ==?"),
        ('title == "x', '"x', 'The text that begins here has no end; close it with ".'),
        ("title", "", "After the field should come a comparison, such as == or contains, but it ends."),
        ('title == "x" tags', "tags", "Here the condition should end, or go on with and / or, not “tags”."),
        ("tags == 3", "tags", "Say which of the tags is meant, such as tags.host."),
        ('tags.a.b == "c"', "tags.a.b", 'A tag has one name; one with dots in it is written tags["a.b"].'),
        ('title matches "["', '"["', "The regular expression cannot be used: "),
        ('hour("Europe/Berlinn") > 3', 'hour("Europe/Berlinn")', "There is no time zone “Europe/Berlinn”; "),
        ('(title == "x"', "", "Here a ) should close the parenthesis, but it ends."),
        ("", "", "The condition is empty; write true for one that always holds."),
        ("title in []", "]", "Here a field, a text in quotes or a number should stand, not “]”."),
        ("5 exists", "5", "Only a field can exist; write its name before exists."),
    ],
)
def test_a_refusal_says_where_the_trouble_is_and_what_to_write_instead(text: str, marked: str, says: str):
    with pytest.raises(BadExpression) as refusal:
        read(text, compiled)

    span = refusal.value.span
    assert text[span.position : span.position + span.length] == marked
    assert refusal.value.sentence.startswith(says)


def test_a_condition_nested_too_deep_is_refused_rather_than_followed():
    with pytest.raises(BadExpression, match="nested more than"):
        parse("not " * 900 + "true")


def test_a_condition_that_costs_too_much_is_given_up_after_its_steps():
    text = " or ".join(f'title == "{number}"' for number in range(150))
    costly = an_event(title="x" * 60_000)

    with pytest.raises(OutOfSteps):
        holds(" or ".join(['title contains "y"'] * 10), costly)
    assert not holds(text)


@given(expressions)
def test_what_is_written_reads_as_the_same_expression(expression: Expression):
    assert parse(write(expression)) == expression


@given(st.text(max_size=60) | st.text("()[]\"'.,=!<> andornotintitleag5\\", max_size=60))
def test_any_text_is_an_expression_or_is_refused_in_words(text: str):
    refusal: BadExpression | None = None
    try:
        expression, _ = read(text, compiled)
    except BadExpression as refused:
        refusal = refused

    if refusal is None:
        assert parse(write(expression)) == expression
    else:
        assert refusal.sentence
        assert 0 <= refusal.span.position <= refusal.span.position + refusal.span.length <= len(text)


@given(expressions, events)
def test_every_expression_has_an_answer_for_every_event_within_its_steps(expression: Expression, event: Event):
    evaluation = Evaluation(event, AROUND)

    try:
        answer = evaluation.holds(expression, {})
    except OutOfSteps:
        return

    assert answer in (True, False)
    assert 0 < evaluation.steps <= MAX_STEPS


@given(expressions, expressions, events)
def test_not_and_or_keep_the_laws_of_logic(one: Expression, other: Expression, event: Event):
    look = Evaluation(event, AROUND, max_steps=100_000)

    def is_so(expression: Expression) -> bool:
        return look.holds(expression, {})

    assert is_so(Not(one)) is not is_so(one)
    assert is_so(And((one, other))) is (is_so(one) and is_so(other))
    assert is_so(Or((one, other))) is (is_so(one) or is_so(other))
    assert is_so(Not(And((one, other)))) is is_so(Or((Not(one), Not(other))))
