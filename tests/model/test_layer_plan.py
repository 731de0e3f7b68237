"""Layers as people write them down: read back as they were, and refused with a reason."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.layer_plan import BadSchedule, Kind, LayerPlan, a_part, check
from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Holidays, Part
from opsknight.domain.model.rotation import Turn, Unit
from tests.model.layers import groups, minutes, parts, wall

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
PLAN = LayerPlan("Weekly", starts_at=wall(2026, 1, 5, 9), groups=((1,), (2,)))
plans = st.builds(
    LayerPlan,
    name=st.just("Weekly"),
    zone=st.none() | st.just("Asia/Kathmandu"),
    starts_at=minutes(wall(2010, 1, 1), wall(2020, 1, 1)),
    ends_at=st.none() | minutes(wall(2021, 1, 1), wall(2030, 1, 1)),
    unit=st.sampled_from([Unit.HOURS, Unit.DAYS, Unit.WEEKS, Unit.MONTHS]),
    length=st.integers(1, 50),
    groups=groups,
    parts=st.lists(parts(), max_size=3).map(tuple),
    holidays=st.sampled_from(Holidays),
    active_only=st.booleans(),
)


@given(plans)
def test_a_layer_is_read_back_as_it_was_written(plan: LayerPlan):
    check([plan])

    assert LayerPlan.from_json(plan.to_json()) == plan
    assert plan.layer("UTC").people == plan.people


def test_fixed_shifts_are_read_back_as_they_were_written():
    plan = LayerPlan("Imported", Kind.FIXED, shifts=(Turn(AT, AT.replace(hour=17), (1, 2)),))

    assert LayerPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ends_at": wall(2026, 1, 5, 9)}, "ends before it begins"),
        ({"groups": ((1,), ())}, "none that is empty"),
        ({"groups": ((1, 1),)}, "twice"),
        ({"unit": Unit.WEEKDAYS, "handoffs": (600, 600)}, "none twice"),
        ({"parts": (Part(0, WEEK_MIN + 1),)}, "within a week"),
        ({"starts_at": wall(3000, 1, 1)}, "in the year 3000"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"zone": "localtime"}, "not the same on every machine"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_reason(wrong: dict[str, object], told: str):
    with pytest.raises(BadSchedule, match=told):
        check([replace(PLAN, **wrong)])


def test_two_shifts_of_the_same_person_at_once_are_refused():
    shifts = (Turn(AT, AT.replace(hour=12), (1,)), Turn(AT.replace(hour=11), AT.replace(hour=17), (1, 2)))

    with pytest.raises(BadSchedule, match="overlap"):
        check([LayerPlan("Imported", Kind.FIXED, shifts=shifts)])


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ((1, 540, 1020, None), Part(540, 1020)),
        ((5, 1320, 360, None), Part(4 * DAY_MIN + 1320, 5 * DAY_MIN + 360)),
        ((2, 540, 540, None), Part(DAY_MIN + 540, 2 * DAY_MIN + 540)),
        ((5, 1020, 540, 1), Part(4 * DAY_MIN + 1020, WEEK_MIN + 540)),
        ((7, 0, 1440, None), Part(6 * DAY_MIN, WEEK_MIN)),
    ],
)
def test_hours_are_said_by_weekday_and_time(said: tuple[int, int, int, int | None], part: Part):
    assert a_part(*said[:3], to_weekday=said[3]) == part
