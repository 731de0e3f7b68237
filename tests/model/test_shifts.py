import os
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opsknight.domain.model.rotation import Rotation, Unit
from opsknight.domain.model.schedule import Layer, Schedule, gaps, next_shift, on_call, shifts
from opsknight.domain.model.wall_clock import first_instant, last_instant

ADA, BO, CY = 1, 2, 3
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
HOUR = timedelta(hours=1)


def wall(*parts: int):
    return datetime(*parts)  # noqa: DTZ001  # a wall clock has no zone


def a_rotation(**what: Any):
    plain = Rotation(
        zone=BERLIN, starts_at=wall(2026, 1, 5, 9), unit=Unit.DAYS, length=1, groups=((ADA,), (BO,), (CY,))
    )
    return replace(plain, **what)


def a_schedule(*rotations: Rotation):
    return Schedule(layers=tuple(Layer(f"layer {depth}", rotation) for depth, rotation in enumerate(rotations)))


def berlin(*parts: int):
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


def users(schedule: Schedule, at: datetime):
    return [one.user_id for one in on_call(schedule, at)]


@st.composite
def rotations(draw: st.DrawFn):
    unit = draw(st.sampled_from([Unit.HOURS, Unit.DAYS, Unit.WEEKS, Unit.MONTHS]))
    starts_at = draw(st.datetimes(wall(2010, 1, 1), wall(2026, 12, 31))).replace(second=0, microsecond=0)
    lasts = draw(st.none() | st.timedeltas(timedelta(days=1), timedelta(days=900)))
    return Rotation(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        starts_at=starts_at,
        ends_at=None if lasts is None else (starts_at + lasts).replace(second=0, microsecond=0),
        unit=unit,
        length=draw(st.integers(1, 30 if unit is Unit.HOURS else 5)),
        groups=draw(st.sampled_from([((ADA,),), ((ADA,), (BO,)), ((ADA,), (BO,), (CY,)), ((ADA, BO), (CY,))])),
    )


schedules = st.lists(rotations(), min_size=1, max_size=3).map(lambda layers: a_schedule(*layers))
instants = st.datetimes(wall(2010, 1, 1), wall(2029, 1, 1), timezones=st.just(UTC))


# the published time rules, one by one


def test_a_handoff_stays_at_nine_o_clock_when_the_clocks_change():
    days = shifts(a_schedule(a_rotation()), berlin(2026, 3, 28, 12), berlin(2026, 3, 30, 12))

    assert [day.start_at.astimezone(BERLIN).hour for day in days] == [9, 9, 9]
    assert [day.end_at - day.start_at for day in days] == [23 * HOUR, 24 * HOUR, 24 * HOUR]


def test_a_handoff_in_a_gap_happens_at_the_first_instant_after_it():
    schedule = a_schedule(a_rotation(starts_at=wall(2026, 3, 1, 2, 30)))

    assert shifts(schedule, berlin(2026, 3, 29, 4), berlin(2026, 3, 29, 5))[0].start_at == datetime(
        2026, 3, 29, 1, 0, tzinfo=UTC
    )


def test_a_handoff_in_a_repeated_hour_is_its_first_occurrence_and_an_end_its_last():
    half_past_two = wall(2026, 10, 25, 2, 30)

    assert first_instant(half_past_two, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert last_instant(half_past_two, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_gap_of_half_an_hour_and_of_a_whole_day_end_where_time_goes_on():
    assert first_instant(wall(2026, 10, 4, 2, 15), ZoneInfo("Australia/Lord_Howe")) == datetime(
        2026, 10, 3, 15, 30, tzinfo=UTC
    )
    assert first_instant(wall(2011, 12, 30, 12), ZoneInfo("Pacific/Apia")) == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_hour_rotations_stay_aligned_to_the_wall_clock():
    schedule = a_schedule(a_rotation(starts_at=wall(2026, 1, 1), unit=Unit.HOURS, length=8))
    night = shifts(schedule, berlin(2026, 3, 28, 20), berlin(2026, 3, 29, 20))

    assert [shift.start_at.astimezone(BERLIN).hour for shift in night] == [16, 0, 8, 16]


def test_an_hourly_turn_that_falls_into_a_gap_is_left_out_and_its_person_s_turn_counts():
    schedule = a_schedule(a_rotation(starts_at=wall(2026, 3, 29), unit=Unit.HOURS))
    night = shifts(schedule, berlin(2026, 3, 29), berlin(2026, 3, 29, 5))

    assert [shift.user_id for shift in night] == [ADA, BO, ADA, BO]


def test_a_monthly_rotation_from_the_31st_hands_off_on_the_last_day_of_shorter_months():
    schedule = a_schedule(a_rotation(starts_at=wall(2027, 1, 31, 9), unit=Unit.MONTHS))
    months = shifts(schedule, berlin(2027, 2, 1), berlin(2027, 5, 30))

    starts = [(shift.start_at.astimezone(BERLIN).month, shift.start_at.astimezone(BERLIN).day) for shift in months]
    assert starts == [(1, 31), (2, 28), (3, 31), (4, 30)]


def test_a_layer_contributes_nothing_before_its_start_and_after_its_end():
    schedule = a_schedule(a_rotation(ends_at=wall(2026, 1, 7, 9)))

    assert users(schedule, berlin(2026, 1, 5, 9) - timedelta(seconds=1)) == []
    assert users(schedule, berlin(2026, 1, 5, 9)) == [ADA]
    assert users(schedule, berlin(2026, 1, 7, 9) - timedelta(seconds=1)) == [BO]
    assert users(schedule, berlin(2026, 1, 7, 9)) == []


def test_the_highest_layer_that_covers_is_the_one_that_counts_and_is_named():
    day_of_cy = a_rotation(groups=((CY,),), starts_at=wall(2026, 1, 6, 12), ends_at=wall(2026, 1, 7, 12))
    schedule = a_schedule(day_of_cy, a_rotation(groups=((ADA,), (BO,))))

    found = [(one.user_id, one.layer) for one in shifts(schedule, berlin(2026, 1, 6, 10), berlin(2026, 1, 7, 13))]

    assert found == [(BO, "layer 1"), (CY, "layer 0"), (ADA, "layer 1")]


def test_a_group_is_on_call_together():
    assert users(a_schedule(a_rotation(groups=((ADA, BO), (CY,)))), berlin(2026, 1, 5, 10)) == [ADA, BO]


def test_a_gap_means_nobody_and_is_shown():
    until_wednesday = a_rotation(ends_at=wall(2026, 1, 7, 9))
    from_friday = a_rotation(starts_at=wall(2026, 1, 9, 9))

    found = gaps(a_schedule(until_wednesday, from_friday), berlin(2026, 1, 5, 9), berlin(2026, 2, 1))

    assert found == ((berlin(2026, 1, 7, 9), berlin(2026, 1, 9, 9)),)


def test_a_schedule_without_people_has_nobody():
    empty = a_schedule(a_rotation(groups=()))

    assert users(empty, berlin(2026, 6, 1)) == []
    assert shifts(empty, berlin(2026, 6, 1), berlin(2026, 6, 2)) == ()


def test_the_next_shift_is_the_first_that_begins_later():
    now = berlin(2026, 1, 5, 12)

    following = next_shift(a_schedule(a_rotation()), ADA, after=now)

    assert (following.start_at, following.end_at) == (berlin(2026, 1, 8, 9), berlin(2026, 1, 9, 9))


def test_a_shift_hidden_by_a_higher_layer_is_no_next_shift():
    always_cy = a_rotation(groups=((CY,),))

    assert next_shift(a_schedule(always_cy, a_rotation(groups=((ADA,),))), ADA, after=berlin(2026, 2, 1)) is None


# properties


@given(schedules, instants)
def test_asking_an_instant_equals_asking_any_window_around_it(schedule: Schedule, at: datetime):
    around = shifts(schedule, at - 30 * HOUR, at + 50 * HOUR)

    assert sorted(on_call(schedule, at)) == [one for one in around if one.start_at <= at < one.end_at]


@given(rotations(), instants, st.integers(1, 60 * 24))
def test_shifts_tile_the_time_that_a_rotation_covers(rotation: Rotation, start: datetime, hours: int):
    turns = list(rotation.turns(start, start + hours * HOUR))

    assert all(one.end_at == following.start_at for one, following in pairwise(turns))
    assert all(turn.start_at < turn.end_at for turn in turns)


@given(schedules, instants, st.integers(1, 24 * 30))
def test_shifts_and_gaps_fill_a_window_exactly(schedule: Schedule, start: datetime, hours: int):
    end = start + hours * HOUR
    spans = {(max(one.start_at, start), min(one.end_at, end)) for one in shifts(schedule, start, end)}
    pieces = sorted([*spans, *gaps(schedule, start, end)])

    assert [piece[0] for piece in pieces] == [start, *(piece[1] for piece in pieces[:-1])]
    assert pieces[-1][1] == end


@given(schedules, instants)
def test_the_order_of_shifts_does_not_depend_on_the_window(schedule: Schedule, at: datetime):
    whole = shifts(schedule, at, at + 96 * HOUR)
    halves = Counter(shifts(schedule, at, at + 48 * HOUR)) | Counter(shifts(schedule, at + 48 * HOUR, at + 96 * HOUR))

    assert Counter(whole) == halves


@given(rotations(), instants)
def test_24_hours_are_a_day_at_every_instant(rotation: Rotation, at: datetime):
    days = replace(rotation, unit=Unit.DAYS, length=1)

    assert on_call(a_schedule(days), at) == on_call(a_schedule(replace(days, unit=Unit.HOURS, length=24)), at)


@given(rotations(), instants)
def test_the_index_is_the_number_of_handoffs_before(rotation: Rotation, at: datetime):
    index = rotation.index_at(at)
    assume(index is not None)

    assert rotation.handoff(index) <= at < rotation.handoff(index + 1)


@given(rotations(), instants, st.sampled_from([ADA, BO, CY]))
@settings(max_examples=50)
def test_the_next_shift_is_the_one_that_a_long_window_shows(rotation: Rotation, at: datetime, user: int):
    schedule = a_schedule(rotation)
    later = [one for one in shifts(schedule, at, at + timedelta(days=60)) if one.user_id == user and one.start_at > at]

    assert next_shift(schedule, user, after=at, within=timedelta(days=60)) == (min(later) if later else None)


@pytest.mark.parametrize("host_zone", ["Pacific/Apia", "America/New_York"])
def test_the_zone_of_the_host_does_not_matter(host_zone: str, monkeypatch: pytest.MonkeyPatch):
    schedule = a_schedule(a_rotation(), a_rotation(zone=ZoneInfo("Asia/Kathmandu"), unit=Unit.HOURS, length=5))
    here = shifts(schedule, berlin(2026, 3, 1), berlin(2026, 4, 10))
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = host_zone
        time.tzset()
        there = shifts(schedule, berlin(2026, 3, 1), berlin(2026, 4, 10))
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()

    assert there == here
