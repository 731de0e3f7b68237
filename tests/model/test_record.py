"""The record of who was on call: it changes nothing while the schedule stays, and nothing changes it."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.record import Record, next_told, recorded, told, why
from opsknight.domain.model.schedule import Schedule, shifts
from tests.model.layers import DAY, HOUR, a_schedule, always, berlin, instants, schedules

MINUTE = timedelta(minutes=1)
cases = instants.flatmap(lambda at: st.tuples(st.just(at), schedules(at)))


def record_of(schedule: Schedule, since: datetime, until: datetime) -> Record:
    """Return what is recorded of a schedule that nobody changes."""
    pieces = [
        recorded(max(one.start_at, since), min(one.end_at, until), one.user_id, why(one))
        for one in shifts(schedule, since, until)
    ]
    return Record(since, until, tuple(pieces))


@given(cases, st.integers(0, 96), st.integers(-24, 120))
def test_a_record_changes_nothing_while_the_schedule_stays_as_it_is(
    case: tuple[datetime, Schedule], recorded_hours: int, asked_hours: int
):
    at, schedule = case
    since, until = at - 2 * DAY, at - 2 * DAY + recorded_hours * HOUR
    start = since + max(0, asked_hours) * HOUR
    expected = [replace(one, start_at=max(one.start_at, since)) for one in shifts(schedule, start, start + 2 * DAY)]

    found = told(schedule, record_of(schedule, since, until), start, start + 2 * DAY)

    assert Counter(found) == Counter(expected)


@given(cases, cases, st.integers(-4000, 4000), st.integers(1, 4000), st.integers(-4000, 4000), st.integers(0, 4000))
def test_an_instant_and_a_window_around_it_are_told_alike_before_within_and_after_the_record(
    then: tuple[datetime, Schedule],
    case: tuple[datetime, Schedule],
    since_min: int,
    recorded_min: int,
    from_min: int,
    into_min: int,
):
    at, schedule = case
    at = at.replace(second=0, microsecond=0)
    since = at + since_min * MINUTE
    record = record_of(then[1], since, since + recorded_min * MINUTE)
    start = at + from_min * MINUTE
    instant = start + into_min * MINUTE

    window = [one for one in told(schedule, record, start, instant + DAY) if one.start_at <= instant < one.end_at]

    assert Counter(window) == Counter(told(schedule, record, instant, instant + timedelta(microseconds=1)))


def test_what_is_recorded_is_told_whatever_has_become_of_the_schedule():
    monday, noon = berlin(2026, 1, 5), berlin(2026, 1, 7, 12)
    record = record_of(a_schedule(always(1)), monday, noon)

    found = told(a_schedule(always(2)), record, monday, monday + 7 * DAY)

    assert [(one.user_id, one.start_at, one.end_at) for one in found] == [
        (1, monday, noon),
        (2, noon, monday + timedelta(days=7)),
    ]


def test_of_the_time_before_the_record_an_instant_ends_where_the_record_begins():
    monday, noon = berlin(2026, 1, 5), berlin(2026, 1, 7, 12)
    record = record_of(a_schedule(always(1)), noon, noon + DAY)

    found = told(a_schedule(always(2)), record, monday, monday + HOUR)

    assert [(one.user_id, one.end_at) for one in found] == [(2, noon)]


def test_the_time_before_the_record_is_told_as_the_schedule_is_now():
    monday, noon = berlin(2026, 1, 5), berlin(2026, 1, 7, 12)
    record = Record(noon, noon)

    found = told(a_schedule(always(2)), record, monday, monday + 7 * DAY)

    assert [(one.start_at, one.end_at) for one in found] == [(monday, noon), (noon, monday + 7 * DAY)]


@given(cases, st.integers(0, 96), st.integers(-24, 120), st.integers(1, 120))
def test_what_was_by_a_deleted_schedule_is_what_would_have_been_until_then_and_nothing_after(
    case: tuple[datetime, Schedule], recorded_hours: int, asked_hours: int, over_hours: int
):
    at, schedule = case
    since = at - 2 * DAY
    over_at = since + over_hours * HOUR
    record = record_of(schedule, since, since + recorded_hours * HOUR)
    start, end = since + asked_hours * HOUR, since + asked_hours * HOUR + 2 * DAY

    found = told(schedule, replace(record, over_at=over_at), start, end)

    before = told(schedule, record, start, min(end, over_at)) if start < over_at else ()
    assert Counter(found) == Counter(replace(one, end_at=min(one.end_at, over_at)) for one in before)
    assert all(one.start_at < one.end_at <= over_at for one in found)


def test_who_comes_next_is_told_from_the_record_and_after_it_from_the_schedule():
    monday, noon = berlin(2026, 1, 5), berlin(2026, 1, 7, 12)
    record = record_of(a_schedule(always(1)), monday, noon)
    changed = a_schedule(always(2))

    found = next_told(changed, record, monday, monday + 7 * DAY)
    later = next_told(changed, record, noon, noon + 7 * DAY)

    assert [(one.user_id, one.start_at) for one in (*found, *later)] == [(2, noon), (2, monday + timedelta(days=7))]
