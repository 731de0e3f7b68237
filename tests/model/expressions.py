"""Conditions and events drawn at random, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from opsknight.domain.model.event import Action, Event, Link, Severity
from opsknight.domain.model.expression import (
    PLAIN,
    Always,
    Among,
    And,
    Compare,
    Exists,
    Expression,
    Field,
    Literal,
    Not,
    Operator,
    Or,
)
from opsknight.domain.model.expression_evaluation import Surroundings
from tests.clock import NOON

AROUND = Surroundings(integration="Probes", provider="generic", service="Checkout", team="Shop", at=NOON)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(10**31), 10**31) | st.floats(-1e9, 1e9).map(lambda number: round(number, 6))
scalars = texts | numbers | st.booleans() | st.none()
literals = st.builds(Literal, scalars)
steps = texts | st.integers(0, 9)
fields = st.one_of(
    st.builds(Field, st.sampled_from([name for name in PLAIN if name not in ("severity", "action")])),
    st.builds(Field, st.just("tags"), st.tuples(texts)),
    st.builds(Field, st.just("details"), st.lists(steps, min_size=1, max_size=4).map(tuple)),
    st.builds(Field, st.sampled_from(["hour"]), st.just(()), st.sampled_from(["", "UTC", "Europe/Berlin"])),
)
operands = fields | literals
_WITHOUT_PATTERNS = [operator for operator in Operator if operator is not Operator.MATCHES]
leaves = st.one_of(
    st.builds(Always, st.booleans()),
    st.builds(Compare, operands, st.sampled_from(_WITHOUT_PATTERNS), operands),
    st.builds(Among, operands, st.lists(literals, min_size=1, max_size=4).map(tuple)),
    st.builds(Exists, fields),
)


def _grown(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, parts), st.builds(And, several), st.builds(Or, several))


expressions = st.recursive(leaves, _grown, max_leaves=12)

json = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
events = st.builds(
    Event,
    action=st.just(Action.TRIGGER),
    dedup_key=texts.filter(bool),
    title=texts,
    severity=st.sampled_from(Severity),
    source=texts,
    component=texts,
    tags=st.dictionaries(texts, texts, max_size=3),
    links=st.lists(st.builds(Link, texts), max_size=2).map(tuple),
    details=st.dictionaries(texts, json, max_size=3),
)
