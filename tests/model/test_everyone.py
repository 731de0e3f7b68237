"""“Everyone must acknowledge”: who must still, and who has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.everyone import Everyone, everyone
from tests.clock import NOON

people = st.lists(st.integers(1, 9), unique=True)


@given(people, st.lists(st.integers(1, 9)))
def test_it_is_over_exactly_when_each_of_those_asked_has_acknowledged(asked: list[int], answering: list[int]):
    share = Everyone(1).asked(asked)
    for user in answering:
        share = share.after(user, at=NOON)

    assert set(share.waiting) == set(asked) - set(answering)
    assert share.is_needed == bool(set(asked) - set(answering))


def test_an_acknowledge_twice_is_the_same_object():
    share = Everyone(1).asked([1, 2]).after(1, at=NOON)

    assert share.after(1, at=NOON) is share


def test_who_has_acknowledged_is_not_asked_again_in_the_same_generation():
    share = Everyone(1).asked([1, 2]).after(1, at=NOON)

    assert share.asked([1, 2, 3]).waiting == (2, 3)


def test_a_step_that_is_content_with_one_waits_for_nobody_in_particular():
    assert not Everyone(1).asked([1, 2]).asked(()).is_needed


@given(people)
def test_it_survives_its_copy_on_the_incident_and_ends_with_its_generation(asked: list[int]):
    share = Everyone(4).asked(asked)
    share = share.after(asked[0], at=NOON) if asked else share

    assert everyone(share.to_json(), 4) == share
    assert everyone(share.to_json(), 5) == Everyone(5)
