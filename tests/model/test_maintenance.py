"""When a maintenance window covers an alert, by the wall clock of its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.maintenance import (
    BadWindow,
    Repeat,
    Span,
    Times,
    Window,
    changes_from_json,
    changes_to_json,
    check,
    covered,
)
from opsknight.domain.model.matcher import Matcher, Op, Subject

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY = datetime.fromisoformat("2026-11-24T22:00")
DISK = Subject("Checkout", "Payments", "error", "Disk full", tags={"rack": "r1"})


def a_window(**changes: Any) -> Window:
    times = {"zone": "UTC", "starts_at": TUESDAY, "length": 2 * HOUR}
    of_times = {name: changes.pop(name) for name in list(changes) if name in Times.__dataclass_fields__}
    return Window(**{"id": 1, "name": "DB upgrade", "times": Times(**{**times, **of_times}), **changes})


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def starts(window: Window, days: int) -> list[datetime]:
    from_at = utc(2026, 11, 24)
    return [one.start_at for one in window.spans(from_at, from_at + days * DAY)]


def test_a_window_covers_its_first_instant_and_not_its_last():
    window = a_window()

    assert window.now(utc(2026, 11, 24, 22)) == Span(utc(2026, 11, 24, 22), utc(2026, 11, 25))
    assert window.now(utc(2026, 11, 24, 21, 59)) is None
    assert window.now(utc(2026, 11, 25)) is None


def test_a_weekly_window_comes_on_its_weekdays():
    window = a_window(repeat=Repeat.WEEKLY, weekdays=(2, 5))

    assert [at.isoweekday() for at in starts(window, 14)] == [2, 5, 2, 5]


def test_a_monthly_window_of_the_31st_comes_on_the_last_day_of_shorter_months():
    window = a_window(repeat=Repeat.MONTHLY, starts_at=datetime.fromisoformat("2026-01-31T03:00"))

    found = [one.start_at.date().day for one in window.spans(utc(2026, 1, 1), utc(2026, 5, 1))]

    assert found == [31, 28, 31, 30]


def test_a_daily_window_ends_before_its_last_day():
    window = a_window(repeat=Repeat.DAILY, until=TUESDAY + 3 * DAY)

    assert len(starts(window, 30)) == 3
    assert window.is_over(utc(2026, 12, 1))


def test_a_start_in_the_gap_of_the_clocks_is_the_first_instant_after_it():
    window = a_window(zone="Europe/Berlin", starts_at=datetime.fromisoformat("2026-03-29T02:30"), length=HOUR)

    assert next(window.spans(utc(2026, 3, 28), utc(2026, 3, 30))) == Span(utc(2026, 3, 29, 1), utc(2026, 3, 29, 1, 30))


def test_a_window_over_the_hour_that_comes_twice_covers_it_both_times():
    window = a_window(
        zone="Europe/Berlin", starts_at=datetime.fromisoformat("2026-10-25T02:00"), length=timedelta(minutes=30)
    )

    assert next(window.spans(utc(2026, 10, 24), utc(2026, 10, 26))) == Span(utc(2026, 10, 25), utc(2026, 10, 25, 1, 30))


def test_a_window_cut_short_comes_again_at_its_next_time():
    window = a_window(repeat=Repeat.DAILY)
    at = utc(2026, 11, 24, 23)
    running = window.now(at)
    assert running is not None

    cut = window.ended(at=at, running=running)

    assert cut.now(at) is None
    assert cut.next_after(at) == Span(utc(2026, 11, 25, 22), utc(2026, 11, 26))
    assert changes_from_json(changes_to_json(cut.changes)) == cut.changes


def test_an_extended_window_lasts_until_its_new_end():
    window = a_window()
    at = utc(2026, 11, 24, 23)
    running = window.now(at)
    assert running is not None

    longer = window.extended(until=utc(2026, 11, 26, 5), at=at, running=running)

    assert longer.now(utc(2026, 11, 26, 4)) == Span(utc(2026, 11, 24, 22), utc(2026, 11, 26, 5))
    assert longer.is_over(utc(2026, 11, 26, 5))


def test_a_cancelled_window_covers_nothing_any_more():
    window = a_window(repeat=Repeat.DAILY, cancelled_at=utc(2026, 11, 25, 23))

    assert window.now(utc(2026, 11, 25, 22, 30)) is not None
    assert window.now(utc(2026, 11, 25, 23)) is None
    assert window.is_over(utc(2026, 11, 25, 23))


def test_the_window_that_lasts_longest_says_until_when_an_alert_is_quiet():
    short, long = a_window(), a_window(id=2, length=5 * HOUR)

    assert covered((short, long), DISK, utc(2026, 11, 24, 23)) == (long, utc(2026, 11, 25, 3))


def test_a_window_for_other_alerts_covers_none_of_these():
    other = a_window(matchers=(Matcher("tags.rack", Op.IS, ("r2",)),))

    assert covered((other,), DISK, utc(2026, 11, 24, 23)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"length": timedelta(seconds=5)},
        {"repeat": Repeat.DAILY, "length": 25 * HOUR},
        {"repeat": Repeat.WEEKLY},
        {"starts_at": TUESDAY - 9 * DAY},
        {"repeat": Repeat.DAILY, "until": TUESDAY - DAY},
        {"repeat": Repeat.WEEKLY, "weekdays": (1,), "until": TUESDAY + DAY},
    ],
)
def test_a_window_that_cannot_be_is_refused_with_a_sentence(wrong: dict[str, Any]):
    with pytest.raises(BadWindow) as refusal:
        check(a_window(**wrong).times, at=utc(2026, 11, 24, 12))

    assert str(refusal.value).endswith(".")


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
WALLS = st.datetimes(datetime.fromisoformat("2026-01-01T00:00"), datetime.fromisoformat("2027-12-31T00:00")).map(
    lambda at: at.replace(microsecond=0)
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    repeat = draw(st.sampled_from(Repeat))
    days = draw(st.sets(st.integers(1, 7), min_size=1)) if repeat is Repeat.WEEKLY else ()
    length = timedelta(minutes=draw(st.integers(1, 24 * 60)))
    return a_window(zone=draw(ZONES), starts_at=draw(WALLS), repeat=repeat, length=length, weekdays=tuple(sorted(days)))


@given(windows(), WALLS)
def test_an_instant_is_covered_exactly_when_a_time_of_the_window_holds_it(window: Window, wall: datetime):
    at = wall.replace(tzinfo=UTC)

    running = window.now(at)

    nearby = list(window.spans(at - 3 * DAY, at + 3 * DAY))
    assert (running is not None) == any(one.start_at <= at < one.end_at for one in nearby)
    assert nearby == sorted(nearby)


@given(windows(), WALLS)
def test_the_next_time_is_the_first_that_begins_later(window: Window, wall: datetime):
    at = wall.replace(tzinfo=UTC)

    following = window.next_after(at)

    later = [one for one in window.spans(at, at + 40 * DAY) if one.start_at > at]
    if later:
        assert following == later[0]
    elif following is not None:
        assert following.start_at > at


@given(windows(), WALLS)
def test_which_times_there_are_does_not_depend_on_what_is_asked_for(window: Window, wall: datetime):
    at = wall.replace(tzinfo=UTC)

    whole = list(window.spans(at, at + 20 * DAY))

    parts = {one for day in range(20) for one in window.spans(at + day * DAY, at + (day + 1) * DAY)}
    assert sorted(parts) == whole
