"""Schedules that other products publish, with the answer that they publish.

The facts are those of the documents and tests of GoAlert, Grafana OnCall, OneUptime, Opsgenie and PagerDuty; how
their words are to be said here stands in docs/schedules.md. Where an answer of theirs differs from what we promise,
docs/schedules.md says so, and it is no case here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.override import Change
from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Part, Restriction
from opsknight.domain.model.rotation import Turn, Unit
from opsknight.domain.model.schedule import Schedule, gaps
from tests.model.layers import (
    BERLIN,
    HOUR,
    OFFICE_HOURS,
    WORKDAYS,
    a_layer,
    a_rotation,
    a_schedule,
    an_override,
    berlin,
    told,
    users,
    wall,
)

CHICAGO = ZoneInfo("America/Chicago")
A, B, C, D = 1, 2, 3, 4
MONDAY_11, FRIDAY_11 = 11 * 60, 4 * DAY_MIN + 11 * 60
FRIDAYS, WEEKENDS = (Part(4 * DAY_MIN, 5 * DAY_MIN),), (Part(5 * DAY_MIN, WEEK_MIN),)
MON_WED_FRI = tuple(Part(day * DAY_MIN, (day + 1) * DAY_MIN) for day in (0, 2, 4))


def people(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple((number,) for number in range(1, count + 1))


def at_noon(schedule: Schedule, first: datetime, days: int) -> str:
    """Return who is on call at noon day by day, A for the first of the rotation: `AAB-`."""
    noons = (first.replace(hour=12, tzinfo=BERLIN) + timedelta(days=day) for day in range(days))
    return "".join("".join(chr(64 + user) for user in users(schedule, noon)) or "-" for noon in noons)


@pytest.mark.parametrize(
    ("start", "unit", "length", "parts", "count", "days"),
    [
        ("2024-08-01", "days", 1, FRIDAYS, 3, "-A------B------C-----"),
        ("2024-08-05", "days", 1, WORKDAYS, 5, "ABCDE--ABCDE--"),
        ("2024-08-05", "days", 2, WORKDAYS, 4, "AABBC--CDDAA--"),
        ("2024-08-05", "weeks", 1, WORKDAYS, 5, "AAAAA--BBBBB--"),
        ("2024-08-08", "days", 1, WORKDAYS, 5, "AB--CDEAB--CDE"),
        ("2024-08-08", "mondays", 1, WORKDAYS, 5, "AA--BBBBB--CCC"),
        ("2024-08-03", "days", 1, WEEKENDS, 3, "AB-----CA-----B"),
        ("2024-08-01", "days", 1, WEEKENDS, 3, "--AB-----CA-----B"),
        ("2024-08-01", "days", 2, WEEKENDS, 3, "--AA-----BB-----C"),
        ("2024-08-03", "weeks", 1, WEEKENDS, 3, "AA-----BB-----CC--"),
        ("2024-08-05", "days", 1, MON_WED_FRI, 2, "A-B-A--B-A-B"),
        ("2024-08-05", "days", 2, MON_WED_FRI, 2, "A-A-B--B-A-A--B-B-A--A-B-B--A-A-B--B"),
    ],
)
def test_shifts_on_chosen_days_go_round_as_in_grafana_oncall(
    start: str, unit: str, length: int, parts: tuple[Part, ...], count: int, days: str
):
    first, restriction = datetime.fromisoformat(start), Restriction(parts)
    layer = a_layer(
        "days",
        restriction,
        starts_at=first,
        unit=Unit.WEEKDAYS if unit == "mondays" else Unit(unit),
        weekly_min=(0,) if unit == "mondays" else (),
        length=length,
        groups=people(count),
        active_only=restriction,
    )

    assert at_noon(a_schedule(layer), first, len(days)) == days


def test_of_shifts_at_once_the_higher_level_hides_the_lower_and_those_of_one_level_are_together_as_in_grafana_oncall():
    def at(user: int, start: int, hours: int) -> Turn:
        return Turn(berlin(2026, 1, 5, start), berlin(2026, 1, 5, start + hours), (user,))

    first = FixedShifts((at(A, 10, 5), at(B, 11, 2), at(A, 16, 3)))
    second = FixedShifts((at(C, 12, 2), at(D, 18, 2)))
    schedule = a_schedule(Layer("level 2", second), Layer("level 1", first))

    found = {hour: users(schedule, berlin(2026, 1, 5, hour)) for hour in (10, 11, 12, 13, 14, 15, 17, 18, 19, 20)}

    assert found == {10: [A], 11: [A, B], 12: [C], 13: [C], 14: [A], 15: [], 17: [A], 18: [D], 19: [D], 20: []}


@pytest.mark.parametrize(
    ("start", "unit", "length", "hours"),
    [
        ("2017-06-10T08:00", "weeks", 2, 336),
        ("2017-03-10T08:00", "weeks", 1, 167),
        ("2017-11-04T08:00", "weeks", 1, 169),
        ("2017-03-11T08:00", "days", 1, 23),
        ("2017-11-04T08:00", "days", 1, 25),
        ("2017-03-12T00:00", "hours", 3, 2),
        ("2017-11-05T00:00", "hours", 3, 4),
        ("2017-03-12T01:00", "hours", 1, 1),
        ("2017-11-05T01:00", "hours", 1, 2),
    ],
)
def test_a_turn_in_which_the_clocks_change_is_as_long_as_in_goalert(start: str, unit: str, length: int, hours: int):
    rotation = a_rotation(zone=CHICAGO, starts_at=datetime.fromisoformat(start), unit=Unit(unit), length=length)

    assert rotation.handoff(1) - rotation.handoff(0) == hours * HOUR


@pytest.mark.parametrize(
    ("count", "start", "first"), [(8, "2026-02-01", "2026-02-01"), (14, "2025-12-03", "2026-02-01")]
)
def test_nobody_of_a_daily_rotation_on_workdays_is_passed_over_as_in_goalert(count: int, start: str, first: str):
    office = Restriction(OFFICE_HOURS)
    begins = datetime.fromisoformat(start).replace(hour=9)
    layer = a_layer("office", office, starts_at=begins, groups=people(count), active_only=office)

    found = at_noon(a_schedule(layer), datetime.fromisoformat(first), 28)

    assert len(set(found) - {"-"}) == count


def test_a_temporary_schedule_and_overrides_leave_and_fill_the_same_minutes_as_in_goalert():
    def at(minute: int) -> datetime:
        return datetime(2018, 1, 1, 8, minute, tzinfo=UTC)

    everyday = a_layer("everyday", groups=((A,),), zone=ZoneInfo("UTC"), starts_at=wall(2017, 1, 1), unit=Unit.WEEKS)
    replaced = a_schedule(everyday, overrides=(an_override(Change.REPLACE, at(30), at(45), user_id=B, replaces=A),))
    removed = a_schedule(everyday, overrides=(an_override(Change.REMOVE, at(30), at(45), replaces=A),))
    added = a_schedule(everyday, overrides=(an_override(Change.ADD, at(30), at(45), user_id=B),))

    minutes = [at(0), at(29), at(30), at(44), at(45)]
    assert [users(replaced, minute) for minute in minutes] == [[A], [A], [B], [B], [A]]
    assert [users(removed, minute) for minute in minutes] == [[A], [A], [], [], [A]]
    assert [users(added, minute) for minute in minutes] == [[A], [A], [A, B], [A, B], [A]]
    assert gaps(removed, at(0), at(59)) == ((at(30), at(45)),)


def test_one_team_takes_weeks_and_weekends_in_turn_as_they_ask_for_at_pagerduty():
    layer = a_layer(
        unit=Unit.WEEKDAYS, weekly_min=(MONDAY_11, FRIDAY_11), groups=people(3), starts_at=wall(2026, 1, 5, 11)
    )

    assert told(a_schedule(layer), berlin(2026, 1, 5, 11), berlin(2026, 1, 23, 11)) == [
        (A, "Mon 05 11:00", "Fri 09 11:00"),
        (B, "Fri 09 11:00", "Mon 12 11:00"),
        (C, "Mon 12 11:00", "Fri 16 11:00"),
        (A, "Fri 16 11:00", "Mon 19 11:00"),
        (B, "Mon 19 11:00", "Fri 23 11:00"),
    ]


def test_two_people_share_evenings_and_a_split_weekend_by_four_layers_as_in_pagerduty():
    def evenings(day: int, until_day: int, user: int) -> Layer:
        spans = Restriction(tuple(Part(of * DAY_MIN + 17 * 60, (of + 1) * DAY_MIN + 8 * 60) for of in (day, until_day)))
        return a_layer("evenings", spans, groups=((user,),), starts_at=wall(2026, 1, 5), unit=Unit.WEEKS)

    def weekend(start: int, end: int, user: int) -> Layer:
        part = Restriction((Part(start, end),))
        return a_layer("weekend", part, groups=((user,),), starts_at=wall(2026, 1, 5), unit=Unit.WEEKS)

    sunday_8 = 6 * DAY_MIN + 8 * 60
    schedule = a_schedule(
        weekend(sunday_8, WEEK_MIN + 8 * 60, B),
        weekend(4 * DAY_MIN + 17 * 60, sunday_8, A),
        evenings(1, 2, A),
        evenings(3, 0, B),
    )

    walls = ["06T20", "07T07", "07T12", "08T03", "08T20", "09T07", "09T12", "09T20", "11T07", "11T09", "12T07", "12T09"]
    found = [users(schedule, datetime.fromisoformat(f"2026-01-{at}:00").replace(tzinfo=BERLIN)) for at in walls]
    assert found == [[A], [A], [], [A], [B], [B], [], [A], [A], [B], [B], []]


def test_business_hours_of_everybody_and_nights_and_weekends_in_turn_as_in_opsgenie():
    office = tuple(Part(day * DAY_MIN + 9 * 60, day * DAY_MIN + 18 * 60) for day in range(5))
    together = a_layer("business hours", Restriction(office), groups=((A, B, C),), starts_at=wall(2026, 1, 5, 9))
    in_turn = a_layer("off hours", groups=people(3), starts_at=wall(2026, 1, 5, 18))

    schedule = a_schedule(together, in_turn)

    walls = ["05T10", "05T18", "06T08", "06T09", "06T18", "07T20", "10T12", "10T19"]
    found = [users(schedule, datetime.fromisoformat(f"2026-01-{at}:00").replace(tzinfo=BERLIN)) for at in walls]
    assert found == [[A, B, C], [A], [A], [A, B, C], [B], [C], [B], [C]]
