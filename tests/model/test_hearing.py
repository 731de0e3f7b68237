"""Silence counts only while somebody could hear."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.hearing import (
    DEAF_AFTER,
    GONE_AFTER,
    LOOK_AGAIN,
    MARK_EVERY,
    Hearing,
    counts_from,
    marked,
)
from tests.clock import NOON

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MARKS = st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(minutes=3)), st.booleans()), min_size=1, max_size=10)


def lived(marks: list[tuple[timedelta, bool]]) -> tuple[Hearing, datetime, list[datetime]]:
    """Return the hearing after marks so long after each other, the instant of the last, and of all."""
    hearing, at, instants = None, NOON, list[datetime]()
    for later, begins in marks:
        at += later
        hearing = marked(hearing, at=at, begins=begins)
        instants.append(at)
    assert hearing is not None
    return hearing, at, instants


@given(MARKS)
def test_since_when_we_hear_is_a_mark_with_no_long_break_after_it(marks: list[tuple[timedelta, bool]]):
    hearing, _, instants = lived(marks)

    after = [at for at in instants if at >= hearing.since]
    assert hearing.since in instants
    assert all(later - sooner <= DEAF_AFTER for sooner, later in pairwise(after))


@given(MARKS, st.timedeltas(timedelta(0), timedelta(hours=1)), st.timedeltas(SECOND, 10 * MINUTE))
def test_silence_never_counts_sooner_than_it_is_due_and_at_most_a_patience_after_we_hear_again(
    marks: list[tuple[timedelta, bool]], due_after: timedelta, patience: timedelta
):
    hearing, at, _ = lived(marks)
    due = NOON + due_after

    counts = counts_from(hearing, due, patience=patience, at=at)

    assert due <= counts <= max(due, hearing.since + patience)


def test_a_break_of_the_marks_starts_the_patience_anew():
    hearing = marked(Hearing(NOON, NOON - MINUTE), at=NOON + 7 * MINUTE, begins=False)

    assert (hearing.since, hearing.away) == (NOON + 7 * MINUTE, 7 * MINUTE)
    assert counts_from(hearing, NOON + MINUTE, patience=3 * MINUTE, at=NOON + 7 * MINUTE) == NOON + 10 * MINUTE


def test_a_restart_that_is_quick_or_beside_another_process_is_no_break():
    before = Hearing(NOON, NOON - MINUTE)

    assert marked(before, at=NOON + GONE_AFTER, begins=True).since == before.since
    assert marked(before, at=NOON + GONE_AFTER + SECOND, begins=True).since > before.since


def test_while_nobody_hears_no_silence_counts_however_old():
    at = NOON + MINUTE

    assert counts_from(Hearing(NOON, NOON), NOON - MINUTE, patience=MINUTE, at=at) == at + LOOK_AGAIN


def test_marks_come_often_enough_that_one_may_fail():
    assert 2 * MARK_EVERY < DEAF_AFTER
    assert MARK_EVERY < GONE_AFTER
