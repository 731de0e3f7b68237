"""How loudly a service pages by its support hours, and when they begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.support_hours import BadHours, Part, SupportHours, begun, check
from tests.builders import an_incident

BERLIN = SupportHours("Europe/Berlin", tuple(Part(day, 9 * 60, 17 * 60) for day in range(1, 6)))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_within_support_hours_it_is_loud_and_outside_quiet():
    assert BERLIN.urgency(utc(2026, 11, 24, 8)) is Urgency.HIGH
    assert BERLIN.urgency(utc(2026, 11, 24, 7, 59)) is Urgency.LOW
    assert BERLIN.urgency(utc(2026, 11, 24, 16)) is Urgency.LOW
    assert BERLIN.urgency(utc(2026, 11, 28, 12)) is Urgency.LOW


def test_after_friday_they_begin_on_monday():
    assert BERLIN.next_begin(utc(2026, 11, 27, 16)) == utc(2026, 11, 30, 8)


def test_they_begin_at_nine_by_the_wall_clock_in_summer_as_in_winter():
    assert BERLIN.next_begin(utc(2026, 7, 6, 0)) == utc(2026, 7, 6, 7)


def test_where_the_clocks_change_they_begin_after_the_gap_and_end_at_the_last_of_a_repeated_time():
    half_past_two = SupportHours("Europe/Berlin", (Part(7, 150, 300),))
    until_then = SupportHours("Europe/Berlin", (Part(7, 0, 150),))

    assert half_past_two.next_begin(utc(2026, 3, 28)) == utc(2026, 3, 29, 1)
    assert until_then.covers(utc(2026, 10, 25, 1, 29))
    assert not until_then.covers(utc(2026, 10, 25, 1, 30))


def test_hours_that_go_on_after_midnight_begin_once():
    night = SupportHours("UTC", (Part(1, 22 * 60, 1440), Part(2, 0, 6 * 60)))

    assert night.next_begin(utc(2026, 11, 23, 22)) == utc(2026, 11, 30, 22)
    assert night.covers(utc(2026, 11, 24, 0))


def test_hours_that_never_end_never_begin():
    always = SupportHours("UTC", tuple(Part(day, 0, 1440) for day in range(1, 8)))

    assert always.next_begin(utc(2026, 11, 24)) is None


def test_they_are_told_in_words():
    lunch = SupportHours("UTC", (Part(1, 540, 720), Part(1, 780, 1020), Part(6, 540, 720)))

    assert BERLIN.words() == "Mon–Fri 09:00–17:00, Europe/Berlin"
    assert lunch.words() == "Mon 09:00–12:00 and 13:00–17:00, Sat 09:00–12:00, UTC"
    assert SupportHours.from_json(lunch.to_json()) == lunch


@pytest.mark.parametrize("parts", [(), (Part(1, 600, 600),), (Part(1, 540, 700), Part(1, 600, 720)), (Part(9, 1, 2),)])
def test_hours_that_cannot_be_are_refused_with_a_sentence(parts: tuple[Part, ...]):
    with pytest.raises(BadHours) as refusal:
        check(SupportHours("UTC", parts))

    assert str(refusal.value).endswith(".")


def test_when_they_begin_an_open_incident_pages_anew_from_its_first_step():
    incident = an_incident(urgency=Urgency.LOW, next_step=1, lap=1)

    after = begun(incident)

    assert (after.urgency, after.generation, after.next_step, after.lap) == (Urgency.HIGH, 2, 0, 0)


@pytest.mark.parametrize("status", [Status.ACKNOWLEDGED, Status.SNOOZED, Status.SUPPRESSED])
def test_when_they_begin_nobody_who_has_an_incident_is_disturbed(status: Status):
    incident = an_incident(urgency=Urgency.LOW, status=status, assignee_id=7)

    after = begun(incident)

    assert (after.urgency, after.status, after.generation, after.assignee_id) == (Urgency.HIGH, status, 1, 7)


def test_hours_that_a_clock_change_swallows_do_not_begin():
    half_an_hour = SupportHours("Europe/Berlin", (Part(7, 120, 150),))

    begins_at = half_an_hour.next_begin(utc(2026, 3, 27))

    assert begins_at == utc(2026, 4, 5)
    assert not any(half_an_hour.covers(utc(2026, 3, 29, hour, minute)) for hour in range(24) for minute in (0, 30))


PARTS = st.lists(st.builds(Part, st.integers(1, 7), st.integers(0, 700), st.integers(701, 1440)), min_size=1)
SHORT = st.builds(
    lambda weekday, start_min, length_min: Part(weekday, start_min, start_min + length_min),
    st.integers(1, 7),
    st.sampled_from([0, 30, 60, 120, 150, 180, 1380]),
    st.sampled_from([15, 30, 45, 60]),
)
"""Hours that a clock change can swallow whole."""
CHANGES = (
    ("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-03-08"),
    ("Australia/Lord_Howe", "2026-04-05"), ("Australia/Lord_Howe", "2026-10-04"), ("America/Asuncion", "2023-10-01"),
    ("America/Sao_Paulo", "2018-11-04"), ("Africa/Cairo", "2026-04-24"), ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kathmandu", "1986-01-01"),
)  # fmt: skip
"""Where a clock was changed, and on which day: by an hour, by half of one, at midnight, and by a whole day."""
NEAR_CHANGES = st.sampled_from(CHANGES).flatmap(
    lambda change: st.tuples(
        st.just(change[0]),
        st.timedeltas(timedelta(days=-8), timedelta(days=2)).map(lambda by: datetime.fromisoformat(change[1]) + by),
    )
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@given(st.lists(SHORT, min_size=1), NEAR_CHANGES)
@example([Part(7, 120, 150)], ("Europe/Berlin", datetime.fromisoformat("2026-03-27")))
def test_near_a_clock_change_they_begin_where_it_was_quiet_before_and_is_loud_now(
    parts: list[Part], near: tuple[str, datetime]
):
    hours, at = SupportHours(near[0], tuple(parts)), near[1].replace(tzinfo=UTC)

    begins_at = hours.next_begin(at)

    assert begins_at is not None
    assert begins_at > at
    assert hours.covers(begins_at)
    assert not hours.covers(begins_at - timedelta(microseconds=1))


@given(
    PARTS, ZONES, st.datetimes(datetime.fromisoformat("2026-01-01T00:00"), datetime.fromisoformat("2027-01-01T00:00"))
)
def test_they_begin_where_it_was_quiet_before_and_is_loud_now(parts: list[Part], zone: str, wall: datetime):
    hours, at = SupportHours(zone, tuple(parts)), wall.replace(tzinfo=UTC)

    begins_at = hours.next_begin(at)

    if begins_at is None:
        assert hours.covers(at)
        return
    assert begins_at > at
    assert hours.covers(begins_at)
    assert not hours.covers(begins_at - timedelta(microseconds=1))
