"""Which of its parts of the week a layer has on holidays, and whose day a night is."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Holidays, Part, Restriction
from tests.model.layers import DAY, minutes, parts, wall

BOXING_DAY = date(2026, 12, 26)  # a Saturday
OUTSIDE_OFFICE = (
    *(Part(day * DAY_MIN + 18 * 60, (day + 1) * DAY_MIN + 9 * 60) for day in range(5)),
    Part(5 * DAY_MIN + 9 * 60, WEEK_MIN + 9 * 60),
)
"""The nights of Monday to Friday, and the weekend from Saturday 09:00 to Monday 09:00, which follows one of them."""
FROM_NINE_TO_NINE = tuple(Part(day * DAY_MIN + 9 * 60, (day + 1) * DAY_MIN + 9 * 60) for day in range(7))


def at_christmas(restriction: Restriction) -> list[str]:
    """Return what it allows from noon of the 24th to noon of the 28th of December 2026."""
    found = restriction.walls(wall(2026, 12, 24, 12), wall(2026, 12, 28, 12))
    return [f"{start:%a %d %H:%M} – {end:%a %d %H:%M}" for start, end in found]


@pytest.mark.parametrize(
    ("holiday", "found"),
    [
        (26, ["Thu 24 18:00 – Fri 25 09:00", "Fri 25 18:00 – Sat 26 09:00", "Sun 27 00:00 – Mon 28 09:00"]),
        (25, ["Thu 24 18:00 – Fri 25 09:00", "Sat 26 09:00 – Mon 28 09:00"]),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_starts_also_where_a_weekend_follows_it(holiday: int, found: list[str]):
    restriction = Restriction(OUTSIDE_OFFICE, (date(2026, 12, holiday),), Holidays.NOT)

    assert at_christmas(restriction) == found


def test_days_from_nine_to_nine_belong_to_the_day_on_which_they_start_though_they_fill_the_week():
    without = Restriction(FROM_NINE_TO_NINE, (BOXING_DAY,), Holidays.NOT)
    only = Restriction(FROM_NINE_TO_NINE, (BOXING_DAY,), Holidays.ONLY)

    assert at_christmas(only) == ["Sat 26 09:00 – Sun 27 09:00"]
    assert [one[-12:] for one in at_christmas(without)][:1] == ["Sat 26 09:00"]
    assert list(without.walls(wall(2026, 12, 26, 9), wall(2026, 12, 27, 9))) == []


def test_nights_of_several_holidays_in_a_row_are_one_time():
    restriction = Restriction(FROM_NINE_TO_NINE, (date(2026, 12, 25), BOXING_DAY), Holidays.ONLY)

    assert at_christmas(restriction) == ["Fri 25 09:00 – Sun 27 09:00"]


touching = st.sampled_from([OUTSIDE_OFFICE, FROM_NINE_TO_NINE]).map(list)
apart = touching | st.lists(parts(), min_size=1, max_size=4, unique=True).map(sorted)
days = st.lists(st.dates(date(2025, 12, 20), date(2026, 1, 20)), max_size=8, unique=True).map(tuple)


@given(apart, days, st.sampled_from([Holidays.NOT, Holidays.ONLY]), minutes(wall(2025, 12, 18), wall(2026, 1, 24)))
def test_a_minute_is_allowed_by_the_day_of_the_part_that_holds_it(
    said: list[Part], holidays: tuple[date, ...], on: Holidays, at: datetime
):
    around = [*said, Part(said[0].start_min + WEEK_MIN, said[0].end_min + WEEK_MIN)]
    assume(all(one.end_min <= following.start_min for one, following in pairwise(around)))
    midnight = at.replace(hour=0, minute=0)
    monday = midnight - midnight.weekday() * DAY
    expected = False
    for week in (monday, monday - timedelta(days=7)):
        for part in said:
            start, end = week + timedelta(minutes=part.start_min), week + timedelta(minutes=part.end_min)
            day = start.date() if end - start <= DAY else at.date()
            expected |= start <= at < end and (day in holidays) is (on is Holidays.ONLY)

    found = list(Restriction(tuple(said), holidays, on).walls(at, at + timedelta(minutes=1)))

    assert any(start <= at < end for start, end in found) is expected


@given(
    apart.map(tuple) | st.lists(parts(), max_size=4).map(tuple),
    days,
    st.sampled_from(Holidays),
    st.integers(0, 30),
    st.integers(1, 9),
)
def test_what_is_allowed_is_whole_whatever_window_is_asked_for(
    said: tuple[Part, ...], holidays: tuple[date, ...], on: Holidays, first: int, length: int
):
    restriction = Restriction(said, holidays, on)
    start = wall(2025, 12, 18) + first * DAY
    end = start + length * DAY
    month = restriction.walls(wall(2025, 11, 1), wall(2026, 3, 1))

    assert list(restriction.walls(start, end)) == [one for one in month if one[0] < end and one[1] > start]
