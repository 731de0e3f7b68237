"""Schedules as people draw them on paper, and who they expect to be on call."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Holidays, Part, Restriction
from opsknight.domain.model.rotation import Turn, Unit
from opsknight.domain.model.schedule import layers_shown, next_on_call, next_shift, shadows, shifts
from tests.model.layers import (
    ADA,
    BERLIN,
    BO,
    CY,
    DAY,
    HOUR,
    NIGHTS,
    OFFICE_HOURS,
    WEEKEND,
    WORKDAYS,
    a_layer,
    a_schedule,
    always,
    berlin,
    told,
    users,
    wall,
)

MONDAY_9 = 9 * 60
THURSDAY_9 = 3 * DAY_MIN + 9 * 60
FRIDAY_17 = 4 * DAY_MIN + 17 * 60


# handoffs at weekdays


def test_a_week_for_one_and_the_weekend_for_the_other():
    weekdays_and_weekend = a_layer(
        unit=Unit.WEEKDAYS, weekly_min=(MONDAY_9, FRIDAY_17), groups=((ADA,), (BO,)), starts_at=wall(2026, 1, 5, 9)
    )

    assert told(a_schedule(weekdays_and_weekend), berlin(2026, 3, 23, 9), berlin(2026, 4, 3, 17)) == [
        (ADA, "Mon 23 09:00", "Fri 27 17:00"),
        (BO, "Fri 27 17:00", "Mon 30 09:00"),
        (ADA, "Mon 30 09:00", "Fri 03 17:00"),
    ]


def test_handoffs_on_monday_and_thursday_go_round_among_three():
    layer = a_layer(unit=Unit.WEEKDAYS, weekly_min=(MONDAY_9, THURSDAY_9))

    assert [one[0] for one in told(a_schedule(layer), berlin(2026, 1, 5, 9), berlin(2026, 1, 19, 9))] == [
        ADA,
        BO,
        CY,
        ADA,
    ]


def test_a_rotation_that_starts_between_its_handoffs_has_a_short_first_turn():
    layer = a_layer(unit=Unit.WEEKDAYS, weekly_min=(MONDAY_9,), starts_at=wall(2026, 1, 7, 12))

    assert told(a_schedule(layer), berlin(2026, 1, 1), berlin(2026, 1, 12, 10)) == [
        (ADA, "Wed 07 12:00", "Mon 12 09:00"),
        (BO, "Mon 12 09:00", "Mon 19 09:00"),
    ]


def test_every_second_of_the_handoffs_counts_with_a_length_of_two():
    layer = a_layer(unit=Unit.WEEKDAYS, weekly_min=(MONDAY_9, THURSDAY_9), length=2, groups=((ADA,), (BO,)))

    assert [one[0] for one in told(a_schedule(layer), berlin(2026, 1, 5, 9), berlin(2026, 1, 19, 9))] == [ADA, BO]


# restrictions


def test_office_hours_leave_nights_and_weekends_to_the_layer_below():
    office = a_layer("office", Restriction(OFFICE_HOURS), groups=((BO,),))

    schedule = a_schedule(office, always(ADA))

    assert told(schedule, berlin(2026, 1, 9, 10), berlin(2026, 1, 12, 10)) == [
        (BO, "Fri 09 09:00", "Fri 09 17:00"),
        (ADA, "Fri 09 17:00", "Mon 12 00:00"),
        (ADA, "Mon 12 00:00", "Mon 12 09:00"),
        (BO, "Mon 12 09:00", "Mon 12 17:00"),
    ]


def test_an_overnight_restriction_belongs_to_the_day_on_which_it_starts():
    friday_night = (Part(4 * DAY_MIN + 22 * 60, 5 * DAY_MIN + 6 * 60),)
    schedule = a_schedule(a_layer("night", Restriction(friday_night), groups=((ADA,),)))

    assert told(schedule, berlin(2026, 1, 5), berlin(2026, 1, 12)) == [(ADA, "Fri 09 22:00", "Sat 10 06:00")]


def test_a_night_in_which_the_clocks_change_is_an_hour_shorter_or_longer():
    nights = a_schedule(a_layer("night", Restriction(NIGHTS), groups=((ADA,),), starts_at=wall(2026, 1, 5, 12)))
    spring, autumn = (shifts(nights, at, at + HOUR)[0] for at in (berlin(2026, 3, 28, 23), berlin(2026, 10, 24, 23)))

    assert spring.end_at - spring.start_at == 7 * HOUR
    assert autumn.end_at - autumn.start_at == 9 * HOUR


def test_a_weekend_from_friday_to_monday_is_one_shift():
    weekends = a_layer("weekend", Restriction(WEEKEND), unit=Unit.WEEKS, starts_at=wall(2026, 1, 7, 9))

    assert told(a_schedule(weekends), berlin(2026, 1, 9, 17), berlin(2026, 1, 19, 9)) == [
        (ADA, "Fri 09 17:00", "Mon 12 09:00"),
        (BO, "Fri 16 17:00", "Mon 19 09:00"),
    ]


def test_parts_of_a_restriction_that_touch_are_one_shift_and_a_whole_week_is_no_restriction():
    two = (Part(0, 12 * 60), Part(12 * 60, DAY_MIN))
    monday = a_schedule(a_layer("layer", Restriction(two), groups=((ADA,),), starts_at=wall(2026, 1, 4)))
    every_day = Restriction(tuple(Part(day * DAY_MIN, (day + 1) * DAY_MIN) for day in range(7)))

    assert told(monday, berlin(2026, 1, 5), berlin(2026, 1, 6)) == [(ADA, "Mon 05 00:00", "Tue 06 00:00")]
    assert every_day.is_nothing


def test_a_part_that_begins_in_the_gap_of_the_clocks_begins_after_it():
    half_past_two = (Part(6 * DAY_MIN + 150, 6 * DAY_MIN + 300),)
    schedule = a_schedule(a_layer("layer", Restriction(half_past_two), groups=((ADA,),)))

    assert told(schedule, berlin(2026, 3, 29), berlin(2026, 3, 30)) == [(ADA, "Sun 29 03:00", "Sun 29 05:00")]


def test_a_part_that_ends_at_a_repeated_time_ends_at_its_last_occurrence():
    until_half_past_two = (Part(6 * DAY_MIN, 6 * DAY_MIN + 150),)
    found = shifts(
        a_schedule(a_layer("layer", Restriction(until_half_past_two), groups=((ADA,),), starts_at=wall(2026, 1, 4))),
        berlin(2026, 10, 25),
        berlin(2026, 10, 26),
    )

    assert found[0].end_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_layer_that_ends_at_a_repeated_time_ends_at_its_last_occurrence_and_covers_nothing_from_then_on():
    ends = a_schedule(a_layer(groups=((ADA,),), unit=Unit.WEEKS, ends_at=wall(2026, 10, 25, 2, 30)))
    end = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    assert [one.end_at for one in shifts(ends, end - HOUR, end + DAY)] == [end]
    assert (users(ends, end - timedelta(seconds=1)), users(ends, end)) == ([ADA], [])


@pytest.mark.parametrize(
    ("zone", "midnight", "first"),
    [
        ("Asia/Beirut", wall(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),
        ("America/Santiago", wall(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC)),
        ("America/Sao_Paulo", wall(2018, 11, 4), datetime(2018, 11, 4, 3, tzinfo=UTC)),
        ("Pacific/Apia", wall(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("Australia/Lord_Howe", wall(2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("Europe/Dublin", wall(2026, 3, 29, 1, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Pacific/Chatham", wall(2026, 9, 27, 3), datetime(2026, 9, 26, 14, tzinfo=UTC)),
        ("Asia/Kathmandu", wall(2026, 1, 1), datetime(2025, 12, 31, 18, 15, tzinfo=UTC)),
    ],
)
def test_a_handoff_in_a_gap_of_any_zone_is_the_first_instant_after_it(zone: str, midnight: datetime, first: datetime):
    layer = a_layer(zone=ZoneInfo(zone), starts_at=midnight - 30 * DAY, groups=((ADA,), (BO,)))

    found = shifts(a_schedule(layer), first, first + timedelta(seconds=1))

    assert found[0].start_at == first


def test_the_day_that_samoa_skipped_is_nobodys_and_counts():
    layer = a_layer(zone=ZoneInfo("Pacific/Apia"), starts_at=wall(2011, 12, 28))
    found = shifts(a_schedule(layer), datetime(2011, 12, 28, 12, tzinfo=UTC), datetime(2011, 12, 31, 12, tzinfo=UTC))

    assert [(one.user_id, one.end_at - one.start_at) for one in found] == [(ADA, DAY), (BO, DAY), (ADA, DAY), (BO, DAY)]


# counting active units only


def test_restricted_days_count_for_the_rotation_unless_it_counts_active_days_only():
    plain = a_layer("plain", Restriction(WORKDAYS), starts_at=wall(2026, 1, 5))
    counted = a_layer("counted", Restriction(WORKDAYS), starts_at=wall(2026, 1, 5), active_only=Restriction(WORKDAYS))
    two_weeks = berlin(2026, 1, 5), berlin(2026, 1, 17)

    assert [one[0] for one in told(a_schedule(plain), *two_weeks)] == [ADA, BO, CY, ADA, BO, BO, CY, ADA, BO, CY]
    assert [one[0] for one in told(a_schedule(counted), *two_weeks)] == [ADA, BO, CY, ADA, BO, CY, ADA, BO, CY, ADA]


def test_two_active_days_may_lie_on_both_sides_of_a_weekend():
    counted = a_layer(
        "counted", Restriction(WORKDAYS), starts_at=wall(2026, 1, 5), length=2, active_only=Restriction(WORKDAYS)
    )
    found = shifts(a_schedule(counted), berlin(2026, 1, 5), berlin(2026, 1, 15))

    assert [(one.user_id, one.start_at.astimezone(BERLIN).day) for one in found] == [
        (ADA, 5),
        (BO, 7),
        (CY, 9),
        (CY, 12),
        (ADA, 13),
    ]


def test_a_holiday_does_not_count_either():
    restricted = Restriction(WORKDAYS, (date(2026, 1, 6),), Holidays.NOT)
    layer = a_layer("counted", restricted, starts_at=wall(2026, 1, 5), active_only=restricted)

    assert told(a_schedule(layer), berlin(2026, 1, 5), berlin(2026, 1, 8)) == [
        (ADA, "Mon 05 00:00", "Tue 06 00:00"),
        (BO, "Wed 07 00:00", "Thu 08 00:00"),
    ]


# holidays


def test_a_layer_for_holidays_lies_on_the_one_for_every_day():
    new_year = (date(2027, 1, 1),)
    schedule = a_schedule(
        a_layer("holidays", Restriction((), new_year, Holidays.ONLY), groups=((CY,),), starts_at=wall(2026, 1, 1)),
        always(ADA, name="every day"),
    )

    assert told(schedule, berlin(2027, 1, 1), berlin(2027, 1, 2)) == [(CY, "Fri 01 00:00", "Sat 02 00:00")]
    assert users(schedule, berlin(2026, 12, 31, 23)) == [ADA]


def test_the_night_into_a_holiday_is_whole_and_the_night_out_of_it_is_left_out():
    christmas = (date(2026, 12, 25),)
    layer = a_layer(
        "nights", Restriction(NIGHTS, christmas, Holidays.NOT), groups=((ADA,),), starts_at=wall(2026, 1, 1, 12)
    )

    assert told(a_schedule(layer), berlin(2026, 12, 24, 12), berlin(2026, 12, 27, 5)) == [
        (ADA, "Thu 24 22:00", "Fri 25 06:00"),
        (ADA, "Sat 26 22:00", "Sun 27 06:00"),
    ]


# fixed shifts, shadows, layers


def test_fixed_shifts_may_overlap_and_leave_the_rest_to_the_layers_below():
    imported = FixedShifts(
        (
            Turn(berlin(2026, 1, 6, 8), berlin(2026, 1, 6, 16), (BO,)),
            Turn(berlin(2026, 1, 6, 12), berlin(2026, 1, 6, 20), (CY,)),
        )
    )
    schedule = a_schedule(Layer("imported", imported), always(ADA))

    assert [users(schedule, berlin(2026, 1, 6, hour)) for hour in (7, 9, 13, 18, 21)] == [
        [ADA],
        [BO],
        [BO, CY],
        [CY],
        [ADA],
    ]


def test_who_comes_next_comes_later_than_now_and_together_with_their_group_after_a_gap():
    layer = a_layer("office", Restriction(OFFICE_HOURS), unit=Unit.WEEKS, groups=((ADA,), (BO, CY)))
    schedule, monday = a_schedule(layer), berlin(2026, 1, 12, 9)

    friday = [(one.user_id, one.start_at) for one in next_on_call(schedule, after=berlin(2026, 1, 9, 18))]
    at_the_handoff = [(one.user_id, one.start_at) for one in next_on_call(schedule, after=monday)]

    assert friday == [(BO, monday), (CY, monday)]
    assert at_the_handoff == [(BO, monday + DAY), (CY, monday + DAY)]
    assert next_on_call(a_schedule(), after=monday) == ()


def test_shadows_are_told_apart():
    schedule = a_schedule(always(ADA), shadow_layers=(a_layer("shadow", groups=((BO,),)),))
    day = berlin(2026, 1, 6, 10), berlin(2026, 1, 6, 11)

    assert [one.user_id for shown in shadows(schedule, *day) for one in shown.turns] == [BO]
    assert users(schedule, day[0]) == [ADA]
    assert next_shift(schedule, BO, after=day[0]) is None


def test_layers_show_their_own_turns_also_where_others_hide_them():
    shown = layers_shown(a_schedule(always(ADA), a_layer("below")), berlin(2026, 1, 6, 10), berlin(2026, 1, 6, 11))

    assert [(one.layer.name, [turn.user_id for turn in one.turns]) for one in shown] == [
        ("always", [ADA]),
        ("below", [BO]),
    ]


def test_each_layer_goes_by_its_own_zone():
    sydney = a_layer("sydney", Restriction(OFFICE_HOURS), zone=ZoneInfo("Australia/Sydney"), groups=((BO,),))

    found = shifts(a_schedule(sydney), datetime(2026, 1, 12, tzinfo=UTC), datetime(2026, 1, 13, tzinfo=UTC))

    assert (found[0].start_at.hour, found[0].end_at.hour) == (22, 6)


def test_a_weekly_part_may_reach_over_the_end_of_the_week():
    sunday = a_layer(
        "sunday", Restriction((Part(6 * DAY_MIN, WEEK_MIN), Part(0, 60))), groups=((ADA,),), unit=Unit.WEEKS
    )

    assert told(a_schedule(sunday), berlin(2026, 1, 11, 12), berlin(2026, 1, 11, 13)) == [
        (ADA, "Sun 11 00:00", "Mon 12 01:00")
    ]
