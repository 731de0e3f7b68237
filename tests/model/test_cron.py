"""Cron expressions: read as crontab(5) says, and never a run too many or too few, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.cron import BadCron, Cron, named_zone, next_after, parse

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
ZONES = (ZoneInfo("UTC"), BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Apia"))
MINUTE = timedelta(minutes=1)


def a_field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.one_of(st.just("*"), ranges), st.integers(1, 20)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    part = st.one_of(number.map(str), ranges, steps)
    return st.one_of(st.just("*"), part, st.lists(part, min_size=2, max_size=3).map(",".join))


# No day beyond the 28th and no single month: what comes once in years is searched in its own test.
EXPRESSIONS = st.tuples(a_field(0, 59), a_field(0, 23), a_field(1, 28), st.just("*"), a_field(0, 7)).map(" ".join)
# Around clock changes of Berlin, New York and Lord Howe (half an hour), where mistakes would be.
CHANGES = (
    *(("2026-03-27", 3), ("2026-10-23", 10), ("2026-04-03", 3), ("2024-01-01", 2190)),
    *(("2026-03-28T22:00", 0.25), ("2026-10-24T22:00", 0.25), ("2026-04-04T13:00", 0.2), ("2026-11-01T04:00", 0.2)),
)
INSTANTS = st.one_of(
    *(
        st.timedeltas(timedelta(0), timedelta(days=days)).map(datetime.fromisoformat(day).replace(tzinfo=UTC).__add__)
        for day, days in CHANGES
    )
)


def slowly(cron: Cron, at: datetime, zone: ZoneInfo, *, until: datetime) -> datetime | None:
    """Look at every minute after `at`: has a run's wall-clock time come, or been jumped over, for the first time?

    Of what is written with a star in its minute or hour: does the clock show it?
    """
    now = at.replace(second=0, microsecond=0) + MINUTE
    while now <= until:
        here, before = (instant.astimezone(zone).replace(tzinfo=None) for instant in (now, now - MINUTE))
        is_first = now.astimezone(zone).fold == 0
        jumped = here - before - MINUTE if here > before + MINUTE else timedelta(0)
        missed = (here - MINUTE * back for back in range(1 if cron.starred else int(jumped / MINUTE) + 1))
        if (is_first or cron.starred) and any(cron.matches(wall) for wall in missed):
            return now
        now += MINUTE
    return None


@given(EXPRESSIONS, INSTANTS, st.sampled_from(ZONES))
def test_the_next_run_is_what_a_look_at_every_minute_finds(expression: str, at: datetime, zone: ZoneInfo):
    cron = parse(expression)

    found = cron.next_after(at, zone)

    within = at + timedelta(days=2)
    assert slowly(cron, at, zone, until=within) == (found if found <= within else None)


@given(EXPRESSIONS, INSTANTS, st.sampled_from(ZONES), st.timedeltas(timedelta(0), timedelta(days=40)))
def test_no_run_is_skipped_by_asking_from_a_later_instant_before_it(
    expression: str, at: datetime, zone: ZoneInfo, later: timedelta
):
    cron = parse(expression)
    first = cron.next_after(at, zone)

    assert first > at
    assert cron.next_after(first, zone) > first
    between = min(at + later, first - timedelta(microseconds=1))
    assert cron.next_after(between, zone) == first


@pytest.mark.parametrize(
    ("expression", "zone", "at", "then"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T00:00+00:00", "2026-03-29T01:00+00:00"),  # 02:30 is not there
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00+00:00", "2026-03-30T00:30+00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:00+00:00", "2026-10-25T00:30+00:00"),  # 02:30 comes twice
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30+00:00", "2026-10-26T01:30+00:00"),
        ("0 0 29 2 *", "UTC", "2096-03-01T00:00+00:00", "2104-02-29T00:00+00:00"),
        ("0 9 * * mon-fri", "UTC", "2026-11-27T09:00+00:00", "2026-11-30T09:00+00:00"),
        ("0 9 * * fri-sun", "UTC", "2026-11-28T09:00+00:00", "2026-11-29T09:00+00:00"),
        ("0 0 13 * fri", "UTC", "2026-11-24T00:00+00:00", "2026-11-27T00:00+00:00"),  # either suffices
        ("0 0 1 JAN,jul 7", "UTC", "2026-11-24T00:00+00:00", "2027-01-01T00:00+00:00"),
        ("5/20 * * * *", "UTC", "2026-11-24T12:26+00:00", "2026-11-24T12:45+00:00"),
        ("@daily", "UTC", "2026-11-24T12:00+00:00", "2026-11-25T00:00+00:00"),
    ],
)
def test_the_next_run_of(expression: str, zone: str, at: str, then: str):
    assert next_after(expression, zone, datetime.fromisoformat(at)) == datetime.fromisoformat(then)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("0 3 * *", "A cron expression has five fields: minute, hour, day of month, month, day of week; this has 4."),
        ("61 * * * *", "“61” is no minute: it goes from 0 to 59."),
        ("* * * * fry", "“fry” is no day of week: it goes from 0 to 7."),
        ("*/0 * * * *", "The minute “*/0” has a step of 0, which never arrives."),
        ("* 5-2 * * *", "The hour “5-2” runs backwards; write the smaller first."),
        ("0 0 31 2,4 *", "“0 0 31 2,4 *” names a day that its months do not have, so it would never run."),
        ("0 0 ? * *", "“?” is no day of month of a cron expression."),
    ],
)
def test_an_expression_that_names_no_time_is_refused_in_words(expression: str, sentence: str):
    with pytest.raises(BadCron) as refusal:
        parse(expression)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("name", ["localtime", "posixrules", "right/Europe/Berlin"])
def test_a_zone_that_depends_on_the_machine_is_not_written_down(name: str):
    with pytest.raises(BadCron, match="not the same on every machine; write a zone like"):
        named_zone(name)


def test_a_zone_that_is_not_there_is_refused_in_words():
    with pytest.raises(BadCron, match="“Mars/Olympus” is no time zone"):
        next_after("0 3 * * *", "Mars/Olympus", datetime(2026, 11, 24, tzinfo=UTC))
