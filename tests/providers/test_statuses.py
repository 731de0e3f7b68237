"""What one or more status words of a monitor ask for, and what no shape fits."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.api.reading import ACTIONS, Asked, asked, inner
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Malformed


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        (["Resolved"], Asked(Action.RESOLVE)),
        (["acknowledged", "resolved"], Asked(Action.ACKNOWLEDGE)),
        (["", None, "ok"], Asked(Action.RESOLVE)),
        ([], Asked(Action.TRIGGER)),
        ([[], {}], Asked(Action.TRIGGER)),
        (["resolved", "unresolved"], Asked(Action.TRIGGER, "unresolved")),
        (["token_expired"], Asked(Action.TRIGGER, "token expired")),
        (["resolved", "In_Maintenance"], Asked(None)),
        ([7], Asked(Action.TRIGGER, "7")),
    ],
)
def test_the_first_status_decides_unless_one_is_quiet_or_not_known(statuses: list[Any], wanted: Asked):
    assert asked(ACTIONS, *statuses) == wanted


def test_a_word_that_is_not_known_stands_in_the_details():
    assert Asked(Action.TRIGGER, "odd").marked({"a": 1}) == {"a": 1, "unknown_status": "odd"}
    assert Asked(Action.TRIGGER).marked({"a": 1}) == {"a": 1}


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"a": None}, {"a": [1]}, {"a": {"b": 1}}])
def test_where_there_is_no_object_an_empty_one_is_found(value: Any):
    assert inner(value, "a", "b") == {}


def test_an_object_is_found_going_from_name_to_name():
    assert inner({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}


def test_what_no_shape_fits_is_refused_with_its_sentence_where_no_text_can_be_found():
    with pytest.raises(Malformed) as refusal:
        marked("pingdom", {"version": 1}, refusal="It names no check.")

    assert str(refusal.value) == "It names no check."
