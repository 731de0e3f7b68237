"""A time that comes every week by the clock of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.weekly import Weekly, following, last, words

DAY = timedelta(days=1)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
WEEKLIES = st.builds(Weekly, st.integers(1, 7), st.integers(0, 23), ZONES)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants naive bounds


@given(WEEKLIES, INSTANTS)
def test_the_last_and_the_next_lie_around_now_and_a_week_apart(weekly: Weekly, now: datetime):
    before, after = last(weekly, now=now), following(weekly, now=now)

    assert before <= now < after
    assert 7 * DAY - timedelta(hours=2) <= after - before <= 7 * DAY + timedelta(hours=2)


@given(WEEKLIES, INSTANTS)
def test_the_next_of_the_last_is_the_next(weekly: Weekly, now: datetime):
    assert following(weekly, now=last(weekly, now=now)) == following(weekly, now=now)
    assert last(weekly, now=following(weekly, now=now)) == following(weekly, now=now)


def test_it_stays_at_its_hour_when_the_clocks_change():
    weekly = Weekly(1, 10, "Europe/Berlin")

    assert following(weekly, now=datetime(2026, 3, 24, tzinfo=UTC)) == datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert last(weekly, now=datetime(2026, 3, 24, tzinfo=UTC)) == datetime(2026, 3, 23, 9, tzinfo=UTC)


def test_an_hour_that_the_clock_skips_is_the_first_instant_after_it():
    weekly = Weekly(7, 2, "Europe/Berlin")

    assert following(weekly, now=datetime(2026, 3, 28, tzinfo=UTC)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_it_is_said_in_words():
    assert words(Weekly(1, 9, "Europe/Berlin")) == "every Monday at 09:00 (Europe/Berlin)"
