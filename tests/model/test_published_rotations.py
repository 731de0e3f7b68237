"""Rotations that others publish with who is on call, and days of odd length.

The facts are those of GitLab's oncall_shift_generator_spec.rb, of PagerDuty's schedule examples, blog (“Make the most
of shift-based schedules”) and forum (“3-on 5-off rota”), of Splunk's on-call schedule scenarios, of the tests of
icinga-notifications (rotations_test.go), linkedin/oncall (test_scheduler.py), GoAlert (overridecalculator_test.go) and
OneUptime (LayerUtilOvernightDSTAudit.test.ts), and of the tz database. Where an answer is another than ours,
docs/schedules.md says so, and it is no case here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.layer import Layer
from opsknight.domain.model.override import Change
from opsknight.domain.model.restriction import DAY_MIN, Part, Restriction
from opsknight.domain.model.rotation import Unit
from opsknight.domain.model.schedule import Schedule, shifts
from tests.model.layers import (
    BERLIN,
    DAY,
    HOUR,
    NIGHTS,
    WORKDAYS,
    a_layer,
    a_rotation,
    a_schedule,
    always,
    an_override,
    users,
    wall,
)

A, B, C, D, E, F = range(1, 7)
THREE = ((A,), (B,), (C,))
UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
NINE_HOURS = tuple(Part(day * DAY_MIN + 8 * 60, day * DAY_MIN + 17 * 60) for day in range(7))
HALF_DAYS = {day: Part(day * DAY_MIN + 8 * 60, day * DAY_MIN + 20 * 60) for day in range(7)}


def at_noon(schedule: Schedule, first: datetime, days: int, zone: ZoneInfo = UTC_ZONE) -> str:
    """Return who is on call at noon day by day, A for person 1, those who are together in brackets: `A(AB)-`."""
    noons = (first.replace(hour=12, tzinfo=zone) + timedelta(days=day) for day in range(days))
    found = ("".join(chr(64 + user) for user in users(schedule, noon)) for noon in noons)
    return "".join(f"({one})" if len(one) > 1 else one or "-" for one in found)


@pytest.mark.parametrize(
    ("zone", "first", "unit", "length", "since", "turns"),
    [
        ("Pacific/Auckland", "2020-09-26", "days", 1, "2020-09-26",
         "A 26T00+12 B 27T00+12 C 28T00+13 A 29T00+13"),
        ("Pacific/Auckland", "2020-09-26", "days", 1, "2021-04-07",
         "B 07T00+12 C 08T00+12 A 09T00+12"),
        ("Pacific/Auckland", "2021-04-03", "days", 1, "2021-04-03",
         "A 03T00+13 B 04T00+13 C 05T00+12 A 06T00+12"),
        ("Pacific/Auckland", "2021-04-03", "days", 1, "2021-09-28",
         "B 28T00+13 C 29T00+13 A 30T00+13"),
        ("Pacific/Auckland", "2020-09-01T12:00", "weeks", 2, "2020-09-01T12:00",
         "A 01T12+12 B 15T12+12 C 29T12+13"),
        ("Pacific/Auckland", "2020-09-01T12:00", "weeks", 2, "2021-04-18T12:00",
         "B 13T12+12 C 27T12+12 A 11T12+12"),
        ("Pacific/Auckland", "2021-03-21T12:00", "weeks", 2, "2021-03-21T12:00",
         "A 21T12+13 B 04T12+12 C 18T12+12"),
        ("Pacific/Auckland", "2021-03-21T12:00", "weeks", 2, "2021-09-30T12:00",
         "B 19T12+12 C 03T12+13 A 17T12+13 B 31T12+13"),
        ("America/New_York", "2021-11-06", "days", 1, "2021-11-06",
         "A 06T00-04 B 07T00-04 C 08T00-05 A 09T00-05"),
        ("America/New_York", "2021-11-06", "days", 1, "2022-03-15",
         "A 15T00-04 B 16T00-04 C 17T00-04"),
        ("America/New_York", "2021-02-25T12:00", "weeks", 2, "2021-02-25T12:00",
         "A 25T12-05 B 11T12-05 C 25T12-04"),
        ("America/New_York", "2021-02-25T12:00", "weeks", 2, "2021-11-23T12:00",
         "B 18T12-05 C 02T12-05 A 16T12-05"),
        ("America/New_York", "2021-10-26T12:00", "weeks", 2, "2022-03-17T12:00",
         "B 15T12-04 C 29T12-04 A 12T12-04"),
        ("Pacific/Auckland", "2020-09-27", "hours", 1, "2021-04-06",
         "A 06T00+12 B 06T01+12 C 06T02+12"),
        ("UTC", "2020-12-08", "days", 5, "2021-01-26",
         "A 22T00+00 B 27T00+00 C 01T00+00"),
        ("US/Central", "2016-10-30T01:30", "weeks", 1, "2016-11-05",
         "A 30T01-05 B 06T01-05 C 13T01-06"),
        ("US/Central", "2016-10-31T11:00", "weeks", 1, "2016-11-05",
         "A 31T11-05 B 07T11-06 C 14T11-06"),
    ],
)  # fmt: skip
def test_turns_over_changes_of_the_clocks_are_those_of_gitlab_and_linkedin(
    zone: str, first: str, unit: str, length: int, since: str, turns: str
):
    here, told = ZoneInfo(zone), turns.split()
    rotation = a_rotation(
        zone=here, starts_at=datetime.fromisoformat(first), unit=Unit(unit), length=length, groups=THREE
    )
    start = datetime.fromisoformat(since).replace(tzinfo=here)

    found = list(rotation.turns(start, start + timedelta(days=90)))[: len(told) // 2]

    begins = [f"{chr(64 + one.users[0])} {one.start_at.astimezone(here):%dT%H%z}"[:-2] for one in found]
    assert " ".join(begins) == turns
    assert all(before.end_at == after.start_at for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("unit", "length", "days"), [("days", 5, "AAAAABBBBBCCCCCAAAAA"), ("weeks", 1, "AAAAAAABBBBBBBCCCCCCC")]
)
def test_hours_of_the_day_cut_turns_of_days_and_weeks_as_in_gitlab(unit: str, length: int, days: str):
    first = wall(2020, 12, 8)
    layer = a_layer(
        "hours", Restriction(NINE_HOURS), zone=UTC_ZONE, starts_at=first, unit=Unit(unit), length=length, groups=THREE
    )
    schedule = a_schedule(layer)

    found = shifts(schedule, first.replace(tzinfo=UTC), first.replace(tzinfo=UTC) + len(days) * DAY)

    assert at_noon(schedule, first, len(days)) == days
    assert {(one.start_at.hour, one.end_at - one.start_at) for one in found} == {(8, 9 * HOUR)}


def test_a_rotation_that_ends_within_a_turn_cuts_it_there_as_in_gitlab():
    ends = a_layer(zone=UTC_ZONE, starts_at=wall(2020, 12, 8), length=5, groups=THREE, ends_at=wall(2020, 12, 20, 12))

    found = shifts(a_schedule(ends), datetime(2020, 12, 8, tzinfo=UTC), datetime(2021, 2, 1, tzinfo=UTC))

    assert [(one.user_id, f"{one.end_at:%dT%H}") for one in found] == [(A, "13T00"), (B, "18T00"), (C, "20T12")]


def test_three_days_each_pass_over_the_weekend_as_in_pagerduty():
    office = Restriction(WORKDAYS)
    layer = a_layer("office", office, starts_at=wall(2026, 1, 5), length=3, groups=THREE, active_only=office)

    found = at_noon(a_schedule(layer), wall(2026, 1, 5), 21, BERLIN)

    assert found == "AAABB--BCCCA--AABBB--"


def test_six_people_share_every_other_day_of_a_week_by_two_layers_three_weeks_apart_as_in_pagerduty():
    six = ((A,), (B,), (C,), (D,), (E,), (F,))
    apart = (*six[3:], *six[:3])
    tuesdays_and_so_on = Restriction(tuple(HALF_DAYS[day] for day in (1, 3, 5, 6)))
    mondays_and_so_on = Restriction(tuple(HALF_DAYS[day] for day in (0, 2, 4)))
    first = wall(2026, 1, 4, 8)  # a Sunday
    schedule = a_schedule(
        a_layer("MWF", mondays_and_so_on, starts_at=wall(2026, 1, 5, 8), unit=Unit.WEEKS, groups=six),
        a_layer("STTS", tuesdays_and_so_on, starts_at=first, unit=Unit.WEEKS, groups=apart),
    )

    weeks = [at_noon(schedule, first + week * 7 * DAY, 7, BERLIN) for week in range(7)]

    assert weeks == ["DADADAD", "EBEBEBE", "FCFCFCF", "ADADADA", "BEBEBEB", "CFCFCFC", "DADADAD"]


def test_three_days_on_and_five_off_with_a_day_together_is_one_rotation_of_groups():
    turns = ((A,), (A,), (A, B), (B,), (B,), (C,), (C,), (C,))
    layer = a_layer(starts_at=wall(2026, 1, 5), groups=turns)

    assert at_noon(a_schedule(layer), wall(2026, 1, 5), 16, BERLIN) == "AA(AB)BBCCCAA(AB)BBCCC"


def test_one_responder_has_four_weekends_as_in_splunk():
    weekend = Restriction((Part(4 * DAY_MIN + 17 * 60, 7 * DAY_MIN + 8 * 60),))
    layer = a_layer("weekend", weekend, starts_at=wall(2026, 1, 9, 17), unit=Unit.WEEKS, length=4, groups=THREE)

    found = shifts(a_schedule(layer), datetime(2026, 1, 9, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))

    assert [one.user_id for one in found] == [A] * 4 + [B] * 4 + [C] * 4
    assert {f"{one.start_at.astimezone(BERLIN):%a%H} {one.end_at.astimezone(BERLIN):%a%H}" for one in found} == {
        "Fri17 Mon08"
    }


def test_weekdays_with_another_at_noon_and_alternating_weekends_of_two_years_are_as_in_icinga():
    def at(days: tuple[int, ...], start: int, end: int) -> Restriction:
        return Restriction(tuple(Part(day * DAY_MIN + start * 60, day * DAY_MIN + end * 60) for day in days))

    def weekly(name: str, hours: Restriction, year: int, *groups: int, until: int | None = None) -> Layer:
        ends_at = None if until is None else wall(until, 1, 1)
        people = tuple((user,) for user in groups)
        return a_layer(
            name, hours, zone=UTC_ZONE, starts_at=wall(year, 1, 1), unit=Unit.WEEKS, groups=people, ends_at=ends_at
        )

    workdays, weekend = (0, 1, 2, 3, 4), (5, 6)
    schedule = a_schedule(
        weekly("weekend 2025", at(weekend, 0, 24), 2025, C, D),
        weekly("weekend 2024", at(weekend, 0, 24), 2024, A, B, until=2025),
        weekly("noon", at(workdays, 12, 14), 2024, E),
        weekly("weekdays", at(workdays, 8, 20), 2024, F),
    )

    def expected(when: datetime) -> set[int]:
        if when.year < 2024:
            return set()
        if when.weekday() in weekend:
            return {A, B} if when.year == 2024 else {C, D}
        return {E} if 12 <= when.hour < 14 else {F} if 8 <= when.hour < 20 else set()

    for since in (datetime(2023, 12, 28, tzinfo=UTC), datetime(2024, 12, 26, tzinfo=UTC)):
        for step in range(14 * 24):
            when = since + step * HOUR
            found = users(schedule, when)
            assert len(found) == min(1, len(expected(when)))
            assert set(found) <= expected(when)


@pytest.mark.parametrize(
    ("zone", "first", "begins"),
    [
        ("Africa/Cairo", "2024-04-25", "24T22 25T22 26T21"),  # Friday begins at 01:00
        ("Africa/Cairo", "2024-10-31", "30T21 31T22 01T22"),  # 23:00 to 24:00 comes twice
        ("Africa/Casablanca", "2026-02-14", "13T23 14T23 16T00"),  # before Ramadan an hour back
        ("Africa/Casablanca", "2026-03-21", "21T00 22T00 22T23"),  # and after it an hour on
        ("America/St_Johns", "2010-11-06", "06T02 07T02 08T03"),  # midnight comes twice, a minute after it the first
        ("America/St_Johns", "2011-03-12", "12T03 13T03 14T02"),
        ("Antarctica/Troll", "2026-03-28", "28T00 29T00 29T22"),  # two hours at once
        ("Antarctica/Troll", "2026-10-24", "23T22 24T22 26T00"),
        ("Asia/Amman", "2021-03-25", "24T22 25T22 26T21"),  # Friday begins at 01:00
        ("Europe/Dublin", "2026-10-24", "23T23 24T23 26T00"),  # winter is the exception there
        ("Pacific/Apia", "2011-12-28", "28T10 29T10 30T10 31T10"),  # 30 December is left out
        ("Pacific/Kwajalein", "1993-08-20", "20T12 21T12 22T12"),
    ],
)  # fmt: skip
def test_daily_turns_from_midnight_begin_with_the_day_wherever_the_clocks_change(zone: str, first: str, begins: str):
    rotation = a_rotation(zone=ZoneInfo(zone), starts_at=datetime.fromisoformat(first))

    found = list(rotation.turns(rotation.first_at, rotation.first_at + 5 * DAY))[: len(begins.split())]

    assert " ".join(f"{one.start_at:%dT%H}" for one in found) == begins
    assert all(before.end_at == after.start_at for before, after in pairwise(found))


def test_three_overrides_at_once_add_one_replace_one_and_remove_one_as_in_goalert():
    rab, baz, bin_, foo, bar = range(1, 6)
    start, end = datetime(2026, 1, 5, 8, tzinfo=UTC), datetime(2026, 1, 5, 10, tzinfo=UTC)
    changes = (
        an_override(Change.ADD, start, end, id=1, user_id=foo),
        an_override(Change.REPLACE, start, end, id=2, user_id=bar, replaces=rab),
        an_override(Change.REMOVE, start, end, id=3, replaces=baz),
    )

    schedule = a_schedule(always(rab, baz, bin_), overrides=changes)

    assert set(users(schedule, start - HOUR)) == set(users(schedule, end)) == {rab, baz, bin_}
    assert set(users(schedule, start)) == set(users(schedule, end - HOUR)) == {bin_, foo, bar}


@pytest.mark.parametrize(
    ("friday", "hours"),
    [("2025-10-31", 61), ("2026-03-06", 59), ("2026-01-09", 60)],  # 2025-11-02 and 2026-03-08 are of 25 and 23 hours
)
def test_a_weekend_from_friday_evening_to_monday_morning_ends_by_the_clock_as_in_oneuptime(friday: str, hours: int):
    weekend = Restriction((Part(4 * DAY_MIN + 20 * 60, 7 * DAY_MIN + 8 * 60),))
    layer = a_layer("weekend", weekend, zone=NEW_YORK, starts_at=wall(2025, 1, 3, 20), unit=Unit.WEEKS, groups=((A,),))
    start = datetime.fromisoformat(friday).replace(hour=20, tzinfo=NEW_YORK)
    schedule = a_schedule(layer)

    (found,) = shifts(schedule, start.astimezone(UTC), start.astimezone(UTC) + 4 * DAY)

    assert (found.start_at, found.end_at - found.start_at) == (start, hours * HOUR)
    assert users(schedule, (start + 2 * DAY).replace(hour=23).astimezone(UTC)) == [A]
    assert [users(schedule, (start + 3 * DAY).replace(hour=7 + more, minute=30)) for more in (0, 1)] == [[A], []]


@pytest.mark.parametrize(("since", "hours"), [("2025-10-31", [8, 9, 8, 8]), ("2026-03-06", [8, 7, 8, 8])])
def test_nights_come_once_each_over_a_change_of_the_clocks_as_in_oneuptime(since: str, hours: list[int]):
    layer = a_layer("nights", Restriction(NIGHTS), zone=NEW_YORK, starts_at=wall(2025, 1, 1, 22), groups=((A,), (B,)))
    noon = datetime.fromisoformat(since).replace(hour=12, tzinfo=NEW_YORK).astimezone(UTC)

    found = shifts(a_schedule(layer), noon, noon + 4 * DAY)

    assert [(one.end_at - one.start_at) / HOUR for one in found] == hours
    assert {f"{at.astimezone(NEW_YORK):%H}" for one in found for at in (one.start_at, one.end_at)} == {"22", "06"}
