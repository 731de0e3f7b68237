"""What comes of a change of who is on call, and how time goes back to whom it came from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.model import giving_back
from opsknight.domain.model.effect import Effect, effect, times_of, why_not, with_overrides, without
from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.override import Change, Leave, OnLeave, Override
from opsknight.domain.model.rotation import Turn
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.model.stack import Temporary
from tests.clock import NOON

HOUR = timedelta(hours=1)
ADA, BO, CY = 1, 2, 3
NAMES = {ADA: "Ada", BO: "Bo", CY: "Cy"}


def at(*hours: float) -> tuple:
    return tuple(NOON + one * HOUR for one in hours)


def a_day(**changes: object) -> Schedule:
    """Return a schedule in which Bo is on call for a day from noon on, and what changes it."""
    layer = Layer("Daily", FixedShifts((Turn(*at(0, 24), (BO,)),)))
    return Schedule((layer,), **changes)  # type: ignore[arg-type]


def instead(number: int, user: int, of: int | None, start: float, end: float) -> Override:
    return Override(number, Change.REPLACE, *at(start, end), user, of)


def comes_of(schedule: Schedule, one: Override) -> Effect:
    return effect(schedule, with_overrides(schedule, one), one.user_id, one.start_at, one.end_at)


def test_a_replacement_does_what_it_says_where_the_other_is_on_call():
    found = comes_of(a_day(), instead(9, CY, BO, 20, 30))

    assert found == Effect(done=(at(20, 24),), fails=())


def test_within_a_temporary_schedule_nothing_comes_of_it():
    moving = Temporary(1, "Moving day", *at(2, 6), (Layer("Move", FixedShifts((Turn(*at(2, 6), (BO,)),))),))
    schedule, wished = a_day(temporaries=(moving,)), instead(9, CY, BO, 0, 8)

    found = comes_of(schedule, wished)

    assert found == Effect(done=(at(0, 2), at(6, 8)), fails=())
    left = without([at(0, 8)], found.done)
    assert (left, why_not(schedule, wished, left, NAMES).why) == (
        (at(2, 6),),
        "“Moving day” replaces the schedule then, and within it overrides do not count",
    )


@pytest.mark.parametrize(("substitute", "has"), [(None, "off call meanwhile"), (ADA, "Ada has their shifts")])
def test_it_fails_where_who_is_named_is_away(substitute: int | None, has: str):
    leave = Leave(1, CY, *at(4, 9), substitute)
    schedule, wished = a_day(leaves=(leave,), on_leave=OnLeave.REMOVE), instead(9, CY, BO, 0, 8)

    found = comes_of(schedule, wished)

    assert found == Effect(done=(at(0, 4),), fails=(at(4, 8),))
    assert why_not(schedule, wished, found.fails, NAMES).why == f"Cy is away then, and {has}"


def test_a_part_that_goes_back_is_taken_out_of_what_gave_it():
    schedule = a_day(overrides=(instead(1, CY, BO, 2, 12),))

    plan = giving_back.plan(schedule, of=CY, to=BO, start=at(4)[0], end=at(6)[0])

    assert plan == giving_back.Plan({1: (at(4, 6),)}, ())
    assert giving_back.left(schedule.overrides[0], plan.back[1]) == (at(2, 4), at(6, 12))


def test_time_that_came_from_nobody_goes_on_by_a_new_override():
    schedule = a_day(overrides=(instead(1, CY, BO, 2, 4),))

    plan = giving_back.plan(schedule, of=BO, to=CY, start=at(6)[0], end=at(8)[0])

    assert plan == giving_back.Plan({}, (at(6, 8),))


def test_what_was_handed_on_meanwhile_is_never_rewritten_by_what_goes_back():
    """What is left behind the part would come last of all, and take the time that was handed on."""
    handed_on = instead(2, ADA, CY, 8, 12)
    schedule = a_day(overrides=(instead(1, CY, BO, 2, 12), handed_on))

    plan = giving_back.plan(schedule, of=CY, to=BO, start=at(4)[0], end=at(6)[0])

    assert plan == giving_back.Plan({}, (at(4, 6),))


def test_a_persons_times_are_told_within_what_is_asked_for():
    assert times_of(a_day(overrides=(instead(1, CY, BO, 2, 4),)), BO, *at(1, 6)) == (at(1, 2), at(4, 6))
