"""Which alerts matchers hold for, and which keep others quiet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.crypto import new_id
from opsknight.domain.model.inhibition import Inhibition, check
from opsknight.domain.model.matcher import BadMatcher, Matcher, Op, Subject, may_match
from opsknight.domain.model.silencing import Cause, Silence, Source, inhibited, soonest
from tests.clock import NOON


def says(**changes: Any) -> Subject:
    said = {
        "service": "Search",
        "team": "Core",
        "severity": "error",
        "title": "Host unreachable",
        "tags": {"rack": "r1"},
    }
    return Subject(**{**said, **changes})


SWITCH = Matcher("title", Op.STARTS_WITH, ("Switch",))
HOST = Matcher("title", Op.STARTS_WITH, ("Host",))
RULE = Inhibition(1, "Rack", (SWITCH,), (HOST,), ("tags.rack",))


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        (Matcher("service", Op.IS, ("Search",)), True),
        (Matcher("tags.rack", Op.IS_NOT, ("r1",)), False),
        (Matcher("tags.rack", Op.ONE_OF, ("r2", "r1")), True),
        (Matcher("tags.none", Op.IS, ("",)), True),
        (Matcher("title", Op.STARTS_WITH, ("host",)), False),
    ],
)
def test_a_matcher_compares_one_field(matcher: Matcher, holds: bool):  # noqa: FBT001  # a case
    assert matcher.holds(says()) is holds


def test_a_target_is_quiet_while_a_source_with_equal_fields_is_open():
    source = Source(new_id(), new_id(), "Switch down")
    open_sources = {(1, RULE.equals(says(title="Switch down"))): source}

    silence = inhibited((RULE,), says(), open_sources)

    assert silence is not None
    assert (silence.cause, silence.source) == (Cause.INHIBITION, source)
    assert silence.reason == "“Switch down” is open, inhibition “Rack”"
    assert inhibited((RULE,), says(tags={"rack": "r2"}), open_sources) is None


def test_what_is_a_source_itself_is_no_target_of_the_same_rule():
    both = Inhibition(1, "All", (HOST,), (HOST,))

    assert not both.is_target(says())


def test_a_rule_of_another_service_concerns_none_of_its_alerts():
    matchers = (Matcher("service", Op.IS, ("Checkout",)), SWITCH)

    assert may_match(matchers, service="Checkout", team="Core")
    assert not may_match(matchers, service="Search", team="Core")


def test_an_incident_is_quiet_as_long_as_all_of_its_alerts_are():
    soon, late = (Silence(Cause.MAINTENANCE, "", NOON + timedelta(hours=hours)) for hours in (1, 2))
    endless = Silence(Cause.INHIBITION, "")

    assert soonest([late, endless, soon]) is soon
    assert soonest([soon, None]) is None
    assert soonest([]) is None


@pytest.mark.parametrize(
    ("source", "target", "equal"),
    [
        ((), (HOST,), ()),
        ((SWITCH,), (), ()),
        ((Matcher("colour", Op.IS, ("red",)),), (HOST,), ()),
        ((Matcher("title", Op.STARTS_WITH, ("",)),), (HOST,), ()),
        ((Matcher("title", Op.IS, ("a", "b")),), (HOST,), ()),
        ((SWITCH,), (HOST,), ("tags.",)),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_a_sentence(
    source: tuple[Matcher, ...], target: tuple[Matcher, ...], equal: tuple[str, ...]
):
    with pytest.raises(BadMatcher) as refusal:
        check(source, target, equal)

    assert str(refusal.value).endswith(".")
