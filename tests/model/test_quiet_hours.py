"""Quiet hours: when they end, in every zone and over every clock change; and that nothing is held for ever."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.quiet_hours import NEVER, BadQuietHours, QuietHours, Window, checked, stored

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
NIGHTS = QuietHours("Europe/Berlin", (Window(EVERY_DAY, 22 * 60, 7 * 60),))


def berlin(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_a_night_ends_in_the_morning_and_the_day_is_not_quiet():
    assert NIGHTS.until(berlin(24, 23)) == berlin(25, 7)
    assert NIGHTS.until(berlin(25, 6, 59)) == berlin(25, 7)
    assert NIGHTS.until(berlin(24, 22)) == berlin(25, 7)
    assert NIGHTS.until(berlin(25, 7)) is None
    assert NIGHTS.until(berlin(24, 12)) is None
    assert NEVER.until(berlin(24, 23)) is None


def test_a_night_belongs_to_the_day_on_which_it_begins():
    friday = QuietHours("Europe/Berlin", (Window((5,), 22 * 60, 7 * 60),))

    assert friday.until(berlin(28, 3)) == berlin(28, 7)
    assert friday.until(berlin(27, 3)) is None


def test_windows_that_touch_are_one():
    weekend = QuietHours("Europe/Berlin", (Window((6,), 0, 23 * 60 + 59), Window((5, 6), 20 * 60, 12 * 60)))

    assert weekend.until(berlin(27, 21)) == berlin(29, 12)


def test_a_night_in_which_the_clocks_change_ends_by_the_wall_clock():
    assert NIGHTS.until(berlin(24, 23, month=10)) == berlin(25, 7, month=10)
    assert berlin(25, 7, month=10) - berlin(24, 22, month=10) == timedelta(hours=10)


windows = st.lists(
    st.tuples(st.sets(st.integers(1, 7), min_size=1), st.integers(0, 1439), st.integers(0, 1439)),
    min_size=1,
    max_size=7,
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(windows, instants, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]))
def test_what_is_held_is_told_after_it_and_outside_of_all_quiet_hours(
    drawn: list[tuple[set[int], int, int]], at: datetime, zone: str
):
    hours = QuietHours(zone, tuple(Window(tuple(sorted(days)), start, end) for days, start, end in drawn))

    until = hours.until(at)

    assert until is None or (until > at and hours.until(until) is None)


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ({"weekdays": [], "start": "22:00", "end": "07:00"}, "Choose at least one day"),
        ({"weekdays": [8], "start": "22:00", "end": "07:00"}, "Choose at least one day"),
        ({"weekdays": [1], "start": "22", "end": "07:00"}, "A time of day looks like 22:00"),
        ({"weekdays": [1], "start": "24:00", "end": "07:00"}, "A time of day looks like 22:00"),
        ({"weekdays": [1], "start": "22:00", "end": "22:00"}, "choose another end"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(window: dict[str, object], why: str):
    with pytest.raises(BadQuietHours, match=why):
        checked("UTC", [window])


def test_quiet_hours_that_never_end_are_refused_and_hold_nothing():
    halves = [
        {"weekdays": list(EVERY_DAY), "start": "00:00", "end": "12:00"},
        {"weekdays": list(EVERY_DAY), "start": "12:00", "end": "00:00"},
    ]

    with pytest.raises(BadQuietHours, match="never end"):
        checked("UTC", halves)
    assert stored("UTC", halves).until(berlin(24, 12)) is None


def test_a_zone_that_is_not_known_any_more_has_no_quiet_hours():
    assert stored("Atlantis/Capital", [{"weekdays": [1], "start": "22:00", "end": "07:00"}]) == NEVER


def test_windows_are_told_in_words_and_come_back_as_they_were_stored():
    said = [
        {"weekdays": [5, 1, 2, 3, 4], "start": "22:00", "end": "07:00"},
        {"weekdays": [6, 7], "start": "0:00", "end": "9:30"},
    ]

    hours = checked("Europe/Berlin", said)

    assert [window.words for window in hours.windows] == ["Mon–Fri 22:00–07:00", "Sat, Sun 00:00–09:30"]
    assert stored("Europe/Berlin", [window.to_json() for window in hours.windows]) == hours
