from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.retry import (
    GiveUp,
    RetryAt,
    Why,
    after_ambiguous,
    after_transient,
    retry_after,
    retry_delay,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def failed(failures: int = 1, *, urgency: Urgency = Urgency.LOW, wanted_after: timedelta | None = None):
    return after_transient(failures, urgency=urgency, at=NOON, jitter=0.5, wanted_after=wanted_after)


def seconds(decision: RetryAt):
    return (decision.due_at - NOON).total_seconds()


def test_delays_double_to_half_a_minute_and_stay_there():
    assert [retry_delay(n, jitter=0.5).total_seconds() for n in range(1, 9)] == [1, 2, 4, 8, 15, 30, 30, 30]


@given(st.integers(1, 99), st.floats(0, 1, exclude_max=True))
def test_jitter_spreads_a_delay_by_a_fifth_to_either_side(failures: int, jitter: float):
    exact = retry_delay(failures, jitter=0.5)

    assert 0.8 * exact <= retry_delay(failures, jitter=jitter) <= 1.2 * exact


@pytest.mark.parametrize(("urgency", "starts_next"), [(Urgency.HIGH, True), (Urgency.LOW, False)])
def test_where_another_carrier_takes_it_nobody_is_waited_for(urgency: Urgency, starts_next: bool):  # noqa: FBT001
    patience = timedelta(hours=1)
    follows = after_transient(1, urgency=urgency, at=NOON, jitter=0.5, wanted_after=patience, elsewhere=True)

    assert follows == RetryAt(NOON, Why.ELSEWHERE, starts_next)


def test_attempts_are_counted_from_one():
    with pytest.raises(ValueError, match="counted from 1"):
        retry_delay(0, jitter=0)


@pytest.mark.parametrize(
    ("header", "wanted_s"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("Tue, 24 Nov 2026 12:00:09 GMT", 9),
        ("Tue, 24 Nov 2026 11:00:00 GMT", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 99999999999999999999 Jan 2027 00:00:00 GMT", None),
        ("Mon, 01 Jan 2027 00:00:00 +99999999999999999999", None),
        ("-1", None),
        ("999999", 999999),
        ("9" * 40, 10**9),
        ("soon", None),
        ("٧", None),
        ("", None),
        (None, None),
    ],
)
def test_a_retry_after_header_is_read_or_ignored(header: str | None, wanted_s: int | None):
    assert retry_after(header, at=NOON) == (None if wanted_s is None else timedelta(seconds=wanted_s))


@given(st.text())
def test_no_retry_after_header_breaks_the_reader(header: str | None):
    wanted = retry_after(header, at=NOON)

    assert wanted is None or wanted >= timedelta(0)


def test_a_transient_failure_is_tried_again_for_as_long_as_the_page_is_wanted():
    assert failed(1) == RetryAt(NOON + timedelta(seconds=1), Why.TRANSIENT)
    assert seconds(failed(500)) == 30


def test_a_high_urgency_starts_the_next_method_after_the_first_failure():
    assert failed(1, urgency=Urgency.HIGH).next_method_now
    assert not failed(1, urgency=Urgency.LOW).next_method_now


def test_six_failures_count_as_not_reached_while_it_goes_on_retrying():
    assert not failed(5).not_reached
    sixth = failed(6)

    assert sixth.not_reached
    assert sixth.next_method_now
    assert seconds(sixth) == 30


def test_the_provider_s_patience_is_honoured_up_to_a_minute_then_the_next_method_starts():
    soon = failed(wanted_after=timedelta(seconds=7))
    never = failed(wanted_after=timedelta(seconds=999999))

    assert (seconds(soon), soon.why, soon.next_method_now) == (7, Why.RETRY_AFTER, False)
    assert (seconds(never), never.why, never.next_method_now) == (60, Why.RETRY_AFTER_CAPPED, True)


@pytest.mark.parametrize("wanted_s", [0, 0.001])
def test_a_provider_that_says_to_come_back_at_once_is_given_a_second(wanted_s: float):
    assert seconds(failed(9, wanted_after=timedelta(seconds=wanted_s))) == 1


def test_what_was_perhaps_sent_is_resent_once():
    assert after_ambiguous(at=NOON, resent=False, urgency=Urgency.HIGH) == RetryAt(
        NOON, Why.POSSIBLE_REPEAT, next_method_now=True
    )
    assert after_ambiguous(at=NOON, resent=True, urgency=Urgency.HIGH) == GiveUp(Why.STILL_AMBIGUOUS)
