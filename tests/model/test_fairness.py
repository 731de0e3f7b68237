"""What each person carries: hours by kind, interruptions, broken sleep, and how evenly it is shared."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.clocks import Clocks
from opsknight.domain.model.duty_time import NIGHT, nights, pieces, united
from opsknight.domain.model.fairness import Balance, Call, Load, balance, during, loads
from opsknight.domain.model.schedule import OnCall

ADA, BO, CY = 1, 2, 3
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
         "America/Sao_Paulo", "Asia/Beirut", "America/St_Johns", "Europe/Dublin", "Pacific/Chatham"]  # fmt: skip
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MONDAY = datetime(2026, 11, 23, tzinfo=BERLIN)


def berlin(*parts: int):
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


def a_shift(start: datetime, end: datetime, user: int = ADA):
    return OnCall(start, end, user, "Primary")


def a_call(at: datetime, *, user: int = ADA, incident: int = 1, **what: Any):
    return Call(user, UUID(int=incident), at, **what)


def ada(*shifts: OnCall, calls: tuple[Call, ...] = (), zone: ZoneInfo = BERLIN, **what: Any) -> Load:
    year = {"start": berlin(2026, 1, 1), "end": berlin(2027, 1, 1)}
    return loads(shifts, calls, clocks={ADA: Clocks(zone)}, also=[ADA], **{**year, **what})[0]


instants = st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@st.composite
def shared(draw: st.DrawFn):
    """Draw shifts of three people, who may be on call together."""
    found: list[OnCall] = []
    for _ in range(draw(st.integers(0, 6))):
        start = draw(instants)
        length = draw(st.timedeltas(MINUTE, timedelta(days=20)))
        found.append(a_shift(start, start + length, draw(st.sampled_from([ADA, BO, CY]))))
    return found


zones = st.sampled_from(ZONES).map(ZoneInfo)
moves = st.lists(st.tuples(instants, zones), max_size=3).map(
    lambda former: tuple(sorted(former, key=lambda one: one[0]))
)
clocks_of = st.fixed_dictionaries({who: st.builds(Clocks, zones, moves) for who in (ADA, BO, CY)})


def test_a_week_from_monday_to_monday_is_split_by_the_clock():
    week = ada(a_shift(MONDAY, MONDAY + timedelta(days=7)), holidays=frozenset({date(2026, 11, 25)}))

    assert (week.on_call, week.night, week.weekend, week.holiday) == (168 * HOUR, 63 * HOUR, 48 * HOUR, 24 * HOUR)
    assert (week.nights_on_call, week.longest_run) == (8, 8)  # the first began on Sunday


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 10, 24), 10), ((2026, 3, 28), 8), ((2026, 6, 1), 9)]
)  # fmt: skip
def test_a_night_in_which_the_clocks_change_has_the_hours_it_has(day: tuple[int, int, int], hours: int):
    evening = berlin(*day, 22)
    night = ada(a_shift(evening, evening + hours * HOUR))

    assert night.night == night.on_call == hours * HOUR
    assert (evening + hours * HOUR).astimezone(BERLIN).hour == 7


def test_night_and_weekend_are_those_of_the_person_not_of_the_schedule():
    shift = a_shift(datetime(2026, 11, 27, 20, tzinfo=UTC), datetime(2026, 11, 27, 23, tzinfo=UTC))

    assert ada(shift, zone=ZoneInfo("America/New_York")).night == timedelta(0)
    assert ada(shift, zone=ZoneInfo("Asia/Tokyo")).night == 2 * HOUR
    assert ada(shift, zone=ZoneInfo("Asia/Tokyo")).weekend == 3 * HOUR


def test_who_is_on_call_twice_at_once_is_on_call_once():
    twice = ada(a_shift(MONDAY, MONDAY + 8 * HOUR), a_shift(MONDAY + 4 * HOUR, MONDAY + 10 * HOUR))

    assert twice.on_call == 10 * HOUR


@given(shared(), instants, st.timedeltas(timedelta(0), timedelta(days=400)), clocks_of)
def test_the_hours_of_all_are_the_covered_hours_of_each(
    shifts: list[OnCall], start: datetime, length: timedelta, clocks: dict[int, Clocks]
):
    end = start + length

    for load in loads(shifts, (), start=start, end=end, clocks=clocks):
        mine = united((max(one.start_at, start), min(one.end_at, end)) for one in shifts if one.user_id == load.user_id)
        assert load.on_call == sum((one.length for one in mine), timedelta(0))
        assert max(load.night, load.weekend, load.holiday) <= load.on_call


@given(shared(), st.lists(st.tuples(instants, st.sampled_from([ADA, BO]), st.integers(1, 3))), instants, clocks_of)
def test_a_period_split_anywhere_gives_the_same_totals(
    shifts: list[OnCall], called: list[tuple[datetime, int, int]], middle: datetime, clocks: dict[int, Clocks]
):
    calls = [a_call(at, user=user, incident=number) for number, (at, user, _) in enumerate(called)]
    start, end = datetime(2009, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
    whole = loads(shifts, calls, start=start, end=end, clocks=clocks, also=clocks)
    parts = [
        loads(shifts, calls, start=a, end=b, clocks=clocks, also=clocks) for a, b in ((start, middle), (middle, end))
    ]

    for one, first, second in zip(whole, *parts, strict=True):
        for name in ("on_call", "night", "weekend", "holiday", "weighted", "interruptions", "by_night", "by_day"):
            assert getattr(one, name) == getattr(first, name) + getattr(second, name), name


@given(instants, st.timedeltas(MINUTE, timedelta(days=40)), st.builds(Clocks, zones, moves))
def test_time_is_cut_by_the_clock_that_somebody_lived_by_then(start: datetime, length: timedelta, clocks: Clocks):
    cut = list(clocks.pieces(start, start + length))

    assert [start, *(one.end_at for one in cut)] == [*(one.start_at for one in cut), start + length]
    for one in cut:
        wall = (one.start_at + one.length / 2).astimezone(clocks.at(one.start_at))
        assert (one.night, one.day) == (NIGHT.holds(wall.time()), wall.date())
    by_night = sum((part.length for _, part in clocks.nights(start, start + length)), timedelta(0))
    assert by_night == sum((one.length for one in cut if one.night), timedelta(0))


@given(instants, st.timedeltas(MINUTE, timedelta(days=40)), st.sampled_from(ZONES))
def test_pieces_tile_the_time_they_are_cut_from(start: datetime, length: timedelta, zone: str):
    cut = list(pieces(start, start + length, zone=ZoneInfo(zone)))

    assert [one.start_at for one in cut] == [start, *(one.end_at for one in cut[:-1])]
    assert cut[-1].end_at == start + length
    for one in cut:
        middle = (one.start_at + one.length / 2).astimezone(ZoneInfo(zone))
        if one.length > 2 * HOUR:  # the hour that a clock change repeats over midnight is of one day only
            assert (middle.date(), NIGHT.holds(middle.time())) == (one.day, one.night)


@given(instants, st.timedeltas(MINUTE, timedelta(days=40)), st.sampled_from(ZONES))
def test_nights_are_those_of_the_pieces(start: datetime, length: timedelta, zone: str):
    end, by_piece = start + length, timedelta(0)
    for one in pieces(start, end, zone=ZoneInfo(zone)):
        by_piece += one.length if one.night else timedelta(0)

    by_night = [(max(a, start), min(b, end)) for _, (a, b) in nights(start, end, zone=ZoneInfo(zone))]
    assert sum((b - a for a, b in by_night), timedelta(0)) == by_piece


def test_the_zone_of_the_host_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    shift, calls = a_shift(MONDAY, MONDAY + timedelta(days=7)), (a_call(MONDAY + 25 * HOUR),)
    found = set[Load]()
    for zone in ("UTC", "Pacific/Apia", "America/St_Johns"):
        monkeypatch.setitem(os.environ, "TZ", zone)
        time.tzset()
        found.add(ada(shift, calls=calls))
    monkeypatch.undo()
    time.tzset()

    assert len(found) == 1


def test_an_incident_is_one_interruption_however_often_it_pages():
    calls = (a_call(MONDAY + 10 * HOUR), a_call(MONDAY + 12 * HOUR, again=True), a_call(MONDAY + 20 * HOUR, incident=2))

    load = ada(calls=calls)

    assert (load.interruptions, load.by_day, load.off_hours, load.by_night) == (2, 1, 1, 0)


def test_an_interruption_on_a_holiday_is_in_off_hours():
    load = ada(calls=(a_call(MONDAY + 10 * HOUR),), holidays=frozenset({MONDAY.date()}))

    assert (load.by_day, load.off_hours) == (0, 1)


def test_a_page_at_night_costs_sleep_until_half_an_hour_after_the_acknowledge():
    at = MONDAY + 3 * HOUR
    load = ada(calls=(a_call(at, calmed_at=at + 12 * MINUTE), a_call(at + 20 * MINUTE, again=True)))

    assert (load.nights_broken, load.sleep_lost) == (1, 50 * MINUTE)


def test_sleep_is_lost_only_within_the_night_and_two_hours_a_page_at_most():
    early, late = MONDAY + 6 * HOUR + 50 * MINUTE, MONDAY + timedelta(days=2, hours=1)
    load = ada(calls=(a_call(early), a_call(late, incident=2, calmed_at=late + 9 * HOUR)))

    assert (load.nights_broken, load.sleep_lost) == (2, 10 * MINUTE + 2 * HOUR)


def test_a_night_in_which_only_another_page_of_the_same_incident_came_is_broken_too():
    calls = (a_call(MONDAY + 20 * HOUR), a_call(MONDAY + 26 * HOUR, again=True))

    assert ada(calls=calls).nights_broken == 1


def test_the_longest_run_ends_with_a_free_night():
    first = a_shift(MONDAY + 9 * HOUR, MONDAY + timedelta(days=3, hours=9))
    second = a_shift(MONDAY + timedelta(days=4, hours=8), MONDAY + timedelta(days=5, hours=8))

    assert (ada(first, second).nights_on_call, ada(first, second).longest_run) == (4, 3)


def test_only_those_calls_count_that_came_on_call():
    shift = a_shift(MONDAY, MONDAY + 8 * HOUR)
    calls = [a_call(MONDAY + 8 * HOUR), a_call(MONDAY), a_call(MONDAY, user=BO)]

    assert during(calls, [shift]) == (calls[1],)


def carried(*hours: int):
    shifts = [a_shift(MONDAY, MONDAY + timedelta(days=day), who) for who, day in enumerate(hours, 1) if day]
    end = MONDAY + timedelta(days=400)
    return loads(shifts, (), start=MONDAY, end=end, clocks={}, also=range(1, len(hours) + 1))


@pytest.mark.parametrize(
    ("weeks", "score"),
    [((1, 1, 1), 100), ((3, 0, 0), 0), ((3, 0), 0), ((3, 2, 1), 67), ((2, 1), 67), ((1, 1, 1, 0), 67)],
)
def test_the_balance_is_what_one_computes_by_hand(weeks: tuple[int, ...], score: int):
    assert balance(carried(*(7 * week for week in weeks))).score == score


def test_the_balance_is_said_in_words():
    assert balance(carried(7, 7)) == Balance(100, "evenly shared")
    assert balance(carried(7)) == Balance(None, "one person carries all of it")
    assert balance(carried(0, 0)) == Balance(None, "nobody was on call")


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6))
def test_the_balance_lies_between_0_and_100_and_knows_no_order(days: list[int]):
    score = balance(carried(*days)).score

    assert score is None or 0 <= score <= 100
    assert score == balance(carried(*sorted(days))[::-1]).score or len(set(days)) > 1
