"""When a heartbeat's silence is an incident: properties of the model, and the words of its refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.heartbeat import (
    BadRhythm,
    Heartbeat,
    Rhythm,
    Signal,
    Silence,
    State,
    check,
    heard,
    missed,
    paused,
    replanned,
    resumed,
    says_nothing_new,
    standing,
)
from tests.clock import NOON

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOURLY = Rhythm(period=HOUR, grace=10 * MINUTE)
NIGHTLY = Rhythm(cron="0 3 * * *", zone="Europe/Berlin", grace=HOUR)

RHYTHMS = st.sampled_from((HOURLY, NIGHTLY, Rhythm(period=30 * MINUTE / 60, grace=10 * MINUTE)))
SPANS = st.timedeltas(timedelta(0), timedelta(days=3))
ACTS = st.lists(st.tuples(st.sampled_from((*Signal, "missed", "pause", "resume", "replan")), SPANS), max_size=12)


def lived(rhythm: Rhythm, acts: list[tuple[str, timedelta]]) -> tuple[Heartbeat, list[Heartbeat]]:
    """Return a heartbeat after all of `acts`, each so long after the one before, and all that it has been."""
    heartbeat, at = Heartbeat(rhythm), NOON
    past = [heartbeat]
    for act, later in acts:
        at += later
        if act == "pause":
            heartbeat = paused(heartbeat, until=at + HOUR)
        elif act == "resume":
            heartbeat = resumed(heartbeat, at=at)
        elif act == "replan":
            heartbeat = replanned(heartbeat, HOURLY, at=at)
        elif act == "missed":
            if heartbeat.deadline is not None:
                heartbeat = missed(heartbeat, at=max(at, heartbeat.deadline))[0]
                at = heartbeat.counted_from or at
        else:
            heartbeat = heard(heartbeat, Signal(act), at=at)
        past.append(heartbeat)
    return heartbeat, past


@given(RHYTHMS, ACTS)
def test_it_may_be_silent_for_ever_exactly_while_it_is_new_or_paused(rhythm: Rhythm, acts: list[tuple[str, timedelta]]):
    _, past = lived(rhythm, acts)

    for heartbeat in past:
        silent = heartbeat.state is State.NEW or heartbeat.paused_until is not None
        assert (heartbeat.deadline is None) is silent


@given(RHYTHMS, ACTS, SPANS)
def test_a_success_always_leaves_a_whole_turn_and_the_grace(
    rhythm: Rhythm, acts: list[tuple[str, timedelta]], later: timedelta
):
    heartbeat, _ = lived(rhythm, acts)
    at = NOON + timedelta(days=60) + later

    up = heard(resumed(heartbeat, at=at), Signal.SUCCESS, at=at)

    assert up.deadline == up.rhythm.next_after(at) + up.rhythm.grace
    assert standing(up, at=at) is State.UP


@given(RHYTHMS, SPANS)
def test_what_is_missed_again_is_counted_from_the_miss_however_late_it_was_noticed(rhythm: Rhythm, late: timedelta):
    up = heard(Heartbeat(rhythm), Signal.SUCCESS, at=NOON)
    assert up.deadline is not None

    down, why = missed(up, at=up.deadline + late)

    assert (down.state, why) == (State.DOWN, Silence.MISSED)
    assert down.deadline is not None
    assert down.deadline > up.deadline + late + rhythm.grace


def test_a_ping_that_is_due_and_within_its_grace_is_late():
    up = heard(Heartbeat(HOURLY), Signal.SUCCESS, at=NOON)

    states = [standing(up, at=NOON + minutes * MINUTE) for minutes in (60, 61, 70)]

    assert states == [State.UP, State.LATE, State.LATE]


def test_a_nightly_job_is_expected_by_the_clock_of_its_zone():
    up = heard(Heartbeat(NIGHTLY), Signal.SUCCESS, at=NOON)

    assert up.expected_at == NOON + 14 * HOUR  # 03:00 in Berlin is 02:00 UTC
    assert up.deadline == NOON + 15 * HOUR


def test_a_run_that_does_not_end_within_the_grace_is_missed_before_the_period_is_over():
    started = heard(heard(Heartbeat(HOURLY), Signal.SUCCESS, at=NOON), Signal.START, at=NOON + 5 * MINUTE)

    assert started.deadline == NOON + 15 * MINUTE
    assert missed(started, at=NOON + 15 * MINUTE)[1] is Silence.OVERRUN


def test_starting_over_and_over_does_not_put_off_what_was_expected():
    heartbeat = heard(Heartbeat(HOURLY), Signal.SUCCESS, at=NOON)
    for minutes in range(5, 70, 5):
        heartbeat = heard(heartbeat, Signal.START, at=NOON + minutes * MINUTE)

    assert heartbeat.deadline == NOON + 70 * MINUTE


def test_the_first_run_must_end_within_its_grace_too():
    started = heard(Heartbeat(HOURLY), Signal.START, at=NOON)

    assert started.deadline == NOON + 10 * MINUTE


def test_after_a_pause_a_whole_turn_begins_and_a_run_from_before_is_forgotten():
    started = heard(heard(Heartbeat(HOURLY), Signal.SUCCESS, at=NOON), Signal.START, at=NOON + MINUTE)

    awake = resumed(paused(started, until=NOON + 9 * HOUR), at=NOON + 9 * HOUR)

    assert (awake.state, awake.deadline) == (State.UP, NOON + 10 * HOUR + 10 * MINUTE)


def test_only_the_same_signal_and_only_within_a_second_says_nothing_new():
    up, soon = heard(Heartbeat(HOURLY), Signal.SUCCESS, at=NOON), NOON + timedelta(milliseconds=999)

    assert says_nothing_new(up, Signal.SUCCESS, last_ping_at=NOON, at=soon)
    assert not says_nothing_new(up, Signal.FAIL, last_ping_at=NOON, at=soon)
    assert not says_nothing_new(up, Signal.SUCCESS, last_ping_at=NOON, at=NOON + timedelta(seconds=1))


def test_a_signal_is_compared_with_the_one_before_it_also_while_it_is_down():
    soon = NOON + timedelta(milliseconds=400)
    begun = heard(heard(Heartbeat(HOURLY), Signal.FAIL, at=NOON - HOUR), Signal.START, at=NOON)

    assert not says_nothing_new(begun, Signal.FAIL, last_ping_at=NOON, at=soon)
    assert says_nothing_new(begun, Signal.START, last_ping_at=NOON, at=soon)
    assert says_nothing_new(heard(begun, Signal.FAIL, at=NOON), Signal.FAIL, last_ping_at=NOON, at=soon)


@pytest.mark.parametrize(
    ("rhythm", "sentence"),
    [
        (Rhythm(grace=HOUR), "Say either how often it reports (a period) or when (a cron expression), not both."),
        (
            Rhythm(grace=HOUR, period=HOUR, cron="@daily"),
            "Say either how often it reports (a period) or when (a cron expression), not both.",
        ),
        (Rhythm(grace=HOUR, period=timedelta(seconds=29)), "The period must be from 30 s to 366 days."),
        (Rhythm(grace=timedelta(0), period=HOUR), "The grace must be from 10 s to 31 days."),
        (Rhythm(grace=HOUR, cron="61 * * * *"), "“61” is no minute: it goes from 0 to 59."),
        (
            Rhythm(grace=HOUR, cron="@daily", zone="Mars"),
            "“Mars” is no time zone; write one like Europe/Berlin or UTC.",
        ),
    ],
)
def test_a_rhythm_that_cannot_be_kept_is_refused_in_words(rhythm: Rhythm, sentence: str):
    with pytest.raises(BadRhythm) as refusal:
        check(rhythm, at=NOON)

    assert str(refusal.value) == sentence
