"""Conditions of a step: when it asks anybody, and in which words it says why not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.step_conditions import ALWAYS, Case, Conditions
from opsknight.domain.model.support_hours import Part, SupportHours

TUESDAY_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OFFICE = SupportHours("Europe/Berlin", tuple(Part(day, 9 * 60, 17 * 60) for day in range(1, 6)))
NIGHT = SupportHours("Asia/Kathmandu", (Part(2, 0, 6 * 60),))


def a_case(**changes: Any) -> Case:
    return Case(**{"at": TUESDAY_NOON, "urgency": Urgency.HIGH, **changes})


def test_a_step_without_conditions_always_asks():
    assert ALWAYS.unmet(a_case()) is None


@pytest.mark.parametrize(
    ("conditions", "case", "words"),
    [
        (Conditions(urgency=Urgency.HIGH), {"urgency": Urgency.LOW}, "it asks only at high urgency"),
        (Conditions(priorities=("P1", "P2")), {"priority": "P3"}, "it asks only for P1, P2, the incident is P3"),
        (Conditions(priorities=("P1",)), {}, "it asks only for P1, the incident has no priority"),
        (Conditions(support_hours=False), {"support_hours": OFFICE}, "it asks only outside support hours"),
        (Conditions(support_hours=True), {"support_hours": NIGHT}, "it asks only within support hours"),
        (Conditions(hours=NIGHT), {}, "it asks only Tue 00:00–06:00, Asia/Kathmandu"),
        (Conditions(alerts_at_least=5), {"alerts": 4}, "it asks from 5 alerts on, the incident has 4"),
    ],
)
def test_an_unmet_condition_is_told_in_words(conditions: Conditions, case: dict[str, Any], words: str):
    assert conditions.unmet(a_case(**case)) == words


@pytest.mark.parametrize(
    ("conditions", "case"),
    [
        (Conditions(urgency=Urgency.HIGH), {}),
        (Conditions(priorities=("P1", "P2")), {"priority": "P2"}),
        (Conditions(support_hours=True), {"support_hours": OFFICE}),
        (Conditions(support_hours=False), {"support_hours": NIGHT}),
        (Conditions(hours=OFFICE), {}),
        (Conditions(alerts_at_least=5), {"alerts": 5}),
    ],
)
def test_a_condition_that_holds_lets_the_step_ask(conditions: Conditions, case: dict[str, Any]):
    assert conditions.unmet(a_case(**case)) is None


def test_a_service_without_support_hours_is_supported_around_the_clock():
    assert Conditions(support_hours=True).unmet(a_case()) is None
    assert Conditions(support_hours=False).unmet(a_case()) == "it asks only outside support hours"


def test_all_conditions_must_hold():
    both = Conditions(urgency=Urgency.HIGH, alerts_at_least=2)

    assert both.unmet(a_case(alerts=1)) == "it asks from 2 alerts on, the incident has 1"


def test_conditions_survive_their_copy_on_the_incident():
    said = Conditions(Urgency.LOW, ("P1",), support_hours=False, hours=OFFICE, alerts_at_least=3)

    assert Conditions.from_json(said.to_json()) == said
    assert ALWAYS.to_json() == {}
    assert Conditions.from_json({}) == ALWAYS
