"""What holds of every schedule, whatever it is made of."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opsknight.domain.model.layer import Layer
from opsknight.domain.model.override import Change
from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Holidays, Restriction
from opsknight.domain.model.rotation import Rotation, Unit
from opsknight.domain.model.schedule import Schedule, gaps, next_shift, on_call, shadows, shifts
from opsknight.domain.model.wall_clock import wall_time
from tests.model.layers import (
    DAY,
    EVERY_ZONE,
    EVERYBODY,
    HOUR,
    a_schedule,
    an_override,
    instants,
    layers,
    restrictions,
    rotations,
    schedules,
    wall,
)

cases = instants.flatmap(lambda at: st.tuples(st.just(at), schedules(at)))
hours = st.integers(-72, 72).map(lambda many: many * HOUR)


@given(cases, hours)
@settings(max_examples=150)
def test_asking_an_instant_equals_asking_any_window_around_it(case: tuple[datetime, Schedule], off: timedelta):
    at, schedule = case[0] + off, case[1]
    around = shifts(schedule, at - 30 * HOUR, at + 50 * HOUR)

    assert sorted(on_call(schedule, at)) == [one for one in around if one.start_at <= at < one.end_at]


@given(cases, st.integers(1, 5 * 24))
def test_two_halves_of_a_window_say_what_the_whole_says(case: tuple[datetime, Schedule], length: int):
    at, schedule = case
    middle, end = at + length * HOUR, at + 2 * length * HOUR

    halves = Counter(shifts(schedule, at, middle)) | Counter(shifts(schedule, middle, end))

    assert Counter(shifts(schedule, at, end)) == halves


@given(cases, st.integers(1, 24 * 12))
def test_shifts_and_gaps_fill_a_window_and_nothing_of_a_gap_is_in_a_shift(case: tuple[datetime, Schedule], length: int):
    at, schedule = case
    end = at + length * HOUR
    found = shifts(schedule, at, end)
    holes = gaps(schedule, at, end)

    edges = sorted({at, end, *(edge for one in found for edge in (one.start_at, one.end_at) if at < edge < end)})
    for edge in edges[:-1]:
        in_gap = any(start <= edge < stop for start, stop in holes)
        assert in_gap is not any(one.start_at <= edge < one.end_at for one in found)


@given(cases, hours)
def test_nobody_is_on_call_twice_at_once(case: tuple[datetime, Schedule], off: timedelta):
    at, schedule = case
    people = [one.user_id for one in on_call(schedule, at + off)]

    assert len(people) == len(set(people))


@given(cases, hours, st.sampled_from(EVERYBODY))
def test_to_remove_somebody_who_is_absent_changes_nothing(case: tuple[datetime, Schedule], off: timedelta, absent: int):
    at, schedule = case[0], replace(case[1], leaves=())
    start, end = at + off, at + off + DAY
    assume(all(one.user_id != absent for one in shifts(schedule, start, end)))

    without = an_override(Change.REMOVE, start, end, id=99, replaces=absent)
    instead = an_override(Change.REPLACE, start, end, id=98, replaces=absent, user_id=5)
    changed = replace(schedule, overrides=(*schedule.overrides, without, instead))

    assert shifts(changed, start - DAY, end + DAY) == shifts(schedule, start - DAY, end + DAY)


@given(cases, st.lists(layers(), max_size=2))
def test_shadows_change_nothing(case: tuple[datetime, Schedule], listening: list[Layer]):
    at, schedule = case
    shadowed = replace(schedule, shadow_layers=tuple(listening))

    assert shifts(shadowed, at, at + DAY) == shifts(schedule, at, at + DAY)
    assert gaps(shadowed, at, at + DAY) == gaps(schedule, at, at + DAY)
    assert len(shadows(shadowed, at, at + DAY)) == len(listening)


@given(layers(), instants, st.integers(1, 60 * 24))
def test_a_layer_covers_what_its_turns_cover(layer: Layer, start: datetime, length: int):
    end = start + length * HOUR
    turned, covered = (
        gaps(a_schedule(replace(layer, rotation=one)), start, end)
        for one in (layer.rotation, replace(layer.rotation, groups=((5,),), active_only=None))
    )

    assert turned == covered


@given(rotations(Unit.DAYS), instants)
def test_24_hours_are_a_day_at_every_instant(rotation: Rotation, at: datetime):
    assert on_call(a_schedule(replace(rotation, unit=Unit.HOURS, length=24 * rotation.length)), at) == on_call(
        a_schedule(rotation), at
    )


@given(rotations(Unit.WEEKS), instants)
def test_a_week_is_7_days_and_one_handoff_a_week_at_every_instant(rotation: Rotation, at: datetime):
    monday = rotation.starts_at - timedelta(days=rotation.starts_at.weekday())
    minute = (rotation.starts_at - monday) // timedelta(minutes=1) + monday.hour * 60 + monday.minute
    expected = on_call(a_schedule(rotation), at)

    assert on_call(a_schedule(replace(rotation, unit=Unit.DAYS, length=7 * rotation.length)), at) == expected
    assert on_call(a_schedule(replace(rotation, unit=Unit.WEEKDAYS, weekly_min=(minute,))), at) == expected


@given(restrictions, rotations(), instants)
def test_a_restriction_goes_by_the_wall_clock(restriction: Restriction, rotation: Rotation, at: datetime):
    zone = rotation.zone
    offsets = {(at + off * HOUR).astimezone(zone).utcoffset() for off in range(-8 * 24, 8 * 24, 12)}
    assume(restriction.on is Holidays.ANY and len(offsets) == 1)
    now = wall_time(at, zone)
    minute = now.weekday() * DAY_MIN + now.hour * 60 + now.minute
    expected = not restriction.parts or any(
        start <= minute < end or start <= minute + WEEK_MIN < end for start, end in restriction.parts
    )

    assert any(start <= at < end for start, end in restriction.spans(at, at + HOUR, zone) if start <= at) is expected


@given(rotations(), restrictions, st.integers(0, 400 * 24))
def test_turns_that_count_active_units_only_are_as_counted_one_by_one(
    plain: Rotation, restriction: Restriction, length: int
):
    rotation = replace(plain, active_only=restriction, ends_at=None)
    at = rotation.first_at + length * (HOUR if rotation.unit is not Unit.HOURS else HOUR / 8)
    single = replace(rotation, active_only=None, length=1)

    step = ordinal = turn = 0
    while True:
        if any(True for _ in restriction.walls(single.steps.wall(step), single.steps.wall(step + 1))):
            turn = ordinal // rotation.length
            ordinal += 1
        if single.handoff(step + 1) > at:
            break
        step += 1

    assert rotation.index_at(at) == turn


@given(cases, st.sampled_from(EVERYBODY))
@settings(max_examples=60)
def test_the_next_shift_is_the_first_that_a_long_window_shows(case: tuple[datetime, Schedule], user: int):
    at, schedule = case
    month = timedelta(days=30)
    later = [one for one in shifts(schedule, at, at + month) if one.user_id == user and one.start_at > at]

    assert next_shift(schedule, user, after=at, within=month) == (min(later) if later else None)


@pytest.mark.parametrize("unit", Unit)
def test_in_every_zone_there_is_somebody_at_every_instant_of_the_days_on_which_it_changed_its_clocks(unit: Unit):
    for zone in map(ZoneInfo, EVERY_ZONE):
        weekly = (150, 5 * DAY_MIN + 30) if unit is Unit.WEEKDAYS else ()
        rotation = Rotation(zone, wall(2009, 1, 31, 2, 30), unit, 1, ((1,), (2,), (3,)), weekly_min=weekly)
        for changed in clock_changes(zone):
            start, end = changed - DAY, changed + HOUR
            found = shifts(a_schedule(rotation), start, end)
            times = [(max(one.start_at, start), min(one.end_at, end)) for one in found]

            assert (times[0][0], times[-1][1]) == (start, end)
            assert all(one[1] == following[0] for one, following in pairwise(times))


@cache
def clock_changes(zone: ZoneInfo) -> list[datetime]:
    """Return the days in 2010 to 2013 before which the clocks of a zone were changed."""
    days = [datetime(2010, 1, 1, tzinfo=UTC) + number * DAY for number in range(4 * 365)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [day for day, before, after in zip(days[1:], offsets, offsets[1:], strict=False) if before != after]
