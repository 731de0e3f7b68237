"""When a key begins to flap, and when it has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.flapping import BadFlapping, Flaps, Limits, check
from tests.clock import NOON

LIMITS = Limits()
MINUTE = timedelta(minutes=1)


def after(*minutes: int) -> Flaps:
    flaps = Flaps()
    for minute in minutes:
        flaps = flaps.changed(LIMITS, NOON + minute * MINUTE)
    return flaps


def test_six_changes_in_half_an_hour_are_flapping_and_five_are_not():
    assert after(0, 1, 2, 3, 4).since is None
    assert after(0, 1, 2, 3, 4, 5).since == NOON + 5 * MINUTE


def test_changes_further_apart_are_none():
    assert after(0, 10, 20, 31, 41, 51).since is None


def test_it_goes_on_flapping_with_fewer_changes_than_it_began_with():
    flaps = after(0, 1, 2, 3, 4, 5, 20, 33)

    assert flaps.since == NOON + 5 * MINUTE


def test_it_has_ended_when_fewer_than_three_changes_are_left_in_the_window():
    flaps = after(0, 1, 2, 3, 4, 5)

    assert flaps.calm_at(LIMITS) == NOON + 33 * MINUTE
    assert flaps.calmed(LIMITS, NOON + 32 * MINUTE).since is not None
    assert flaps.calmed(LIMITS, NOON + 33 * MINUTE).since is None


@pytest.mark.parametrize("wrong", [Limits(start=3, stop=3), Limits(start=2, stop=1), Limits(window=timedelta(0))])
def test_limits_that_cannot_be_are_refused_with_a_sentence(wrong: Limits):
    with pytest.raises(BadFlapping) as refusal:
        check(wrong)

    assert str(refusal.value).endswith(".")


@given(st.lists(st.integers(0, 1800), max_size=40))
def test_the_state_is_what_counting_every_change_would_say(gaps: list[int]):
    flaps, at, told, flapping = Flaps(), NOON, list[float](), False
    for gap in gaps:
        at += timedelta(seconds=gap)
        since_before = [one for one in told if one > at.timestamp() - 1800]
        flapping = flapping and len(since_before) >= LIMITS.stop
        told.append(at.timestamp())
        flapping = flapping or len([one for one in told if one > at.timestamp() - 1800]) >= LIMITS.start

        flaps = flaps.changed(LIMITS, at)

        assert (flaps.since is not None) == flapping
