"""How many messages about one service reach one address at once, and what waits how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.burst import WITHIN, Bursts
from opsknight.domain.model.event import Severity, Urgency
from tests.clock import NOON

HERE = (1, 1, Urgency.HIGH, Severity.ERROR)
SECOND = timedelta(seconds=1)


def gone(bursts: Bursts, times: Sequence[datetime]) -> list[datetime]:
    """Return at which of `times` a message about HERE goes at once."""
    return [at for at in times if bursts.held_until(HERE, uuid4(), at=at) is None]


def test_a_few_go_at_once_and_the_rest_waits_for_the_end_of_the_minute():
    bursts = Bursts(3)
    assert len(gone(bursts, [NOON] * 3)) == 3

    assert bursts.held_until(HERE, uuid4(), at=NOON + 20 * SECOND) == NOON + WITHIN


def test_another_address_another_service_another_urgency_and_what_is_worse_wait_for_nobody():
    bursts = Bursts(1)
    gone(bursts, [NOON] * 5)

    error, high = Severity.ERROR, Urgency.HIGH
    others = [(2, 1, high, error), (1, 2, high, error), (1, 1, Urgency.LOW, error), (1, 1, high, Severity.CRITICAL)]
    assert [bursts.held_until(key, uuid4(), at=NOON) for key in others] == [None] * 4


def test_a_storm_that_goes_on_is_told_once_in_each_further_minute():
    bursts = Bursts(5)
    every = [NOON + n * SECOND for n in range(180)]

    at_once = gone(bursts, every)

    assert [(at - NOON) // WITHIN for at in at_once] == [0] * 5 + [1, 2]


def test_after_a_quiet_minute_a_burst_is_one_again():
    bursts = Bursts(2)
    gone(bursts, [NOON] * 9)

    assert len(gone(bursts, [NOON + 3 * WITHIN] * 9)) == 2


def test_what_is_asked_of_over_and_over_is_counted_once():
    bursts, first, second, third = Bursts(2), uuid4(), uuid4(), uuid4()

    asked = [bursts.held_until(HERE, which, at=NOON) for which in (*(9 * [first, second]), third)]

    assert asked == [*(18 * [None]), NOON + WITHIN]


def test_no_bound_holds_nothing():
    assert len(gone(Bursts(0), [NOON] * 500)) == 500


@given(st.integers(1, 8), st.lists(st.integers(0, 400), max_size=120))
def test_nobody_waits_longer_than_a_minute_and_no_minute_has_more_than_two_bursts(most: int, coming: list[int]):
    bursts, at_once = Bursts(most), list[datetime]()
    for after_s in sorted(coming):
        at = NOON + after_s * SECOND
        until = bursts.held_until(HERE, uuid4(), at=at)
        assert until is None or at < until <= at + WITHIN
        if until is None:
            at_once.append(at)

    assert all(sum(start <= at < start + WITHIN for at in at_once) <= 2 * most for start in at_once)
