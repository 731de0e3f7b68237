"""By whom a message goes first: the operator's choice, but for providers that do not get through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.carrying import KNOWN_FROM, Record, demoted, ranked

ORDER = ("twilio", "vonage", "sns")
records = st.builds(Record, st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.booleans())
known = st.dictionaries(st.sampled_from(ORDER), records)


def test_without_any_knowledge_the_operators_order_stays() -> None:
    assert ranked(ORDER, {}) == ORDER
    assert demoted(ORDER, ORDER) is None


def test_a_provider_that_loses_most_comes_last_and_is_the_one_to_try_again() -> None:
    order = ranked(ORDER, {"twilio": Record(confirmed=1, lost=9), "vonage": Record(confirmed=10)})

    assert order == ("vonage", "sns", "twilio")
    assert demoted(ORDER, order) == "twilio"


def test_a_provider_that_is_fair_comes_between_the_good_and_the_bad() -> None:
    order = ranked(ORDER, {"twilio": Record(confirmed=6, lost=4), "vonage": Record(lost=10)})

    assert order == ("sns", "twilio", "vonage")


def test_a_few_percent_are_no_reason_to_leave_the_operators_choice() -> None:
    assert ranked(ORDER, {"twilio": Record(confirmed=17, lost=3), "vonage": Record(confirmed=20)}) == ORDER


@pytest.mark.parametrize("lost", range(KNOWN_FROM))
def test_a_provider_is_not_condemned_by_a_few(lost: int) -> None:
    assert ranked(ORDER, {"twilio": Record(lost=lost)}) == ORDER


def test_silence_counts_as_lost_where_a_provider_confirms_and_as_sent_where_it_never_does() -> None:
    assert Record(confirmed=2, silent=8, confirms=True).success == 0.2
    assert Record(silent=8, lost=2).success == 0.8


@given(known)
def test_nobody_is_left_out_and_nobody_comes_twice(records: dict[str, Record]) -> None:
    order = ranked(ORDER, records)

    assert sorted(order) == sorted(ORDER)
    again = demoted(ORDER, order)
    assert (again is None) == (order == ORDER)
    assert again is None or order.index(again) > ORDER.index(again)


@given(known)
def test_a_provider_that_is_known_to_be_worse_is_never_put_before_a_better_one_against_the_operators_order(
    records: dict[str, Record],
) -> None:
    order = ranked(ORDER, records)

    for before, after in [(a, b) for at, a in enumerate(order) for b in order[at + 1 :]]:
        if ORDER.index(before) > ORDER.index(after):
            loser = records[after]
            assert loser.known >= KNOWN_FROM
            assert loser.success < 0.8


@given(known, st.sampled_from(ORDER))
def test_one_more_that_arrived_never_costs_a_provider_its_place(records: dict[str, Record], who: str) -> None:
    mine = records.get(who, Record())
    better = {**records, who: replace(mine, confirmed=mine.confirmed + 1)}

    if mine.known >= KNOWN_FROM:
        assert ranked(ORDER, better).index(who) <= ranked(ORDER, records).index(who)
