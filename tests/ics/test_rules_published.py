"""Recurrences that other programs publish with the times that come of them, where RFC 5545 has no example of its own.

The facts are those of the tests of libical (src/test/icalrecur_test.txt) and ical.js (test/recur_iterator_test.js), of
node-ical (test/fixtures), and of the issues named beside them: calendars that Exchange and Google give out. Where the
first time of an event is not one of its rule, docs/calendars.md says what we do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsknight.ics.reading import Unreadable, read
from tests.ics.test_reading import an_event, of, times

LONG_AGO, UTC_ZONE = datetime(1996, 1, 1, tzinfo=UTC), ZoneInfo("UTC")
EXCHANGE = "W. Europe Standard Time"


def days_of(*lines: str, until: str, zone: ZoneInfo = UTC_ZONE) -> list[str]:
    """Return on which days an event with these lines begins, the last of them `until`."""
    text = "\r\n".join(["BEGIN:VCALENDAR", *an_event(*lines), "END:VCALENDAR"])
    end = datetime.fromisoformat(until).replace(tzinfo=zone) + timedelta(days=1)

    found = read(text.encode(), zone=zone, start=LONG_AGO, end=end).occurrences

    return [f"{one.start_at.astimezone(zone):%Y-%m-%d}" for one in found]


@pytest.mark.parametrize(
    ("first", "rule", "expected"),
    [
        # weekdays that are counted beside weekdays that are not (also jkbrzt/rrule issue 71)
        (
            "2015-01-02",
            "FREQ=MONTHLY;BYDAY=3MO,WE,FR",
            "2015-01-02 2015-01-07 2015-01-09 2015-01-14 2015-01-16 2015-01-19 2015-01-21 2015-01-23 2015-01-28",
        ),
        ("2014-09-01", "FREQ=MONTHLY;BYDAY=MO,-1WE", "2014-09-01 2014-09-08 2014-09-15 2014-09-22 2014-09-24"),
        ("2024-01-05", "FREQ=YEARLY;BYMONTH=1;BYDAY=2MO,FR", "2024-01-05 2024-01-08 2024-01-12 2024-01-19 2024-01-26"),
        ("2015-04-01", "FREQ=MONTHLY;BYDAY=2MO,-5WE,5SA", "2015-04-01 2015-04-13 2015-05-11 2015-05-30 2015-06-08"),
        # weeks of a year: the weekday is that of the beginning
        (
            "2013-01-01",
            "FREQ=YEARLY;BYWEEKNO=1,2;UNTIL=20170101T000000Z",
            "2013-01-01 2013-01-08 2013-12-31 2014-01-07 2014-12-30 2015-01-06 2016-01-05 2016-01-12",
        ),
        ("2015-06-08", "FREQ=YEARLY;BYMONTH=6,9;BYWEEKNO=23", "2015-06-08 2016-06-06 2017-06-05 2018-06-04"),
        ("1997-05-12", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;WKST=SU;COUNT=3", "1997-05-12 1998-05-18 1999-05-17"),
        (
            "2016-06-06",
            "FREQ=YEARLY;BYMONTHDAY=4,5,6,7,8;BYWEEKNO=23",
            "2016-06-06 2016-06-07 2016-06-08 2017-06-05 2017-06-06 2017-06-07 2017-06-08 2018-06-04",
        ),
        # days that not every month or year has
        ("2012-02-29", "FREQ=YEARLY;COUNT=3", "2012-02-29 2016-02-29 2020-02-29"),
        ("2014-02-28", "FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=2", "2014-02-28 2015-02-28 2016-02-29 2017-02-28 2018-02-28"),
        ("2007-01-31", "FREQ=MONTHLY;COUNT=6", "2007-01-31 2007-03-31 2007-05-31 2007-07-31 2007-08-31 2007-10-31"),
        ("2015-01-01", "FREQ=MONTHLY;BYMONTHDAY=-31;COUNT=5", "2015-01-01 2015-03-01 2015-05-01 2015-07-01 2015-08-01"),
        ("2022-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1,31", "2022-01-31 2022-02-28 2022-03-31 2022-04-30 2022-05-31"),
        ("2022-01-31", "FREQ=MONTHLY;BYMONTHDAY=31,31,31", "2022-01-31 2022-03-31 2022-05-31 2022-07-31 2022-08-31"),
        ("2022-06-30", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1", "2022-06-30 2022-09-30 2022-12-31 2023-03-31"),
        ("2012-12-31", "FREQ=YEARLY;BYYEARDAY=366;UNTIL=20200101T000000", "2012-12-31 2016-12-31"),
        ("2012-01-01", "FREQ=YEARLY;BYYEARDAY=-366;COUNT=3", "2012-01-01 2016-01-01 2020-01-01"),
        ("2024-12-24", "FREQ=YEARLY;BYYEARDAY=359,-7", "2024-12-24 2024-12-25 2025-12-25 2026-12-25 2027-12-25"),
        ("2024-10-30", "FREQ=DAILY;BYMONTHDAY=-1,-2;COUNT=5", "2024-10-30 2024-10-31 2024-11-29 2024-11-30 2024-12-30"),
        # long and odd intervals
        ("2016-01-01", "FREQ=WEEKLY;INTERVAL=53;BYDAY=FR,SA;COUNT=3", "2016-01-01 2016-01-02 2017-01-06"),
        ("2013-01-01", "FREQ=DAILY;INTERVAL=366;UNTIL=20160104", "2013-01-01 2014-01-02 2015-01-03 2016-01-04"),
        (
            "2016-12-29",
            "FREQ=WEEKLY;UNTIL=20170127T000000Z;WKST=MO;BYDAY=SU,TU,TH;INTERVAL=2",
            "2016-12-29 2017-01-01 2017-01-10 2017-01-12 2017-01-15 2017-01-24 2017-01-26",
        ),
        # the 30th, or the last day of a month that has none (kewisch/ical.js issue 960)
        ("2026-01-30", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "2026-01-30 2026-02-28 2026-03-30 2026-04-30"),
        ("2016-03-27", "FREQ=YEARLY;BYDAY=SU;BYSETPOS=-1;BYMONTH=3;INTERVAL=2", "2016-03-27 2018-03-25 2020-03-29"),
    ],
)  # fmt: skip
def test_an_event_comes_again_on_the_days_that_libical_and_ical_js_work_out(first: str, rule: str, expected: str):
    wanted = expected.split()

    found = days_of(f"DTSTART:{first.replace('-', '')}T080000Z", "DURATION:PT1H", f"RRULE:{rule}", until=wanted[-1])

    assert found == wanted


def test_a_first_time_that_its_rule_does_not_name_comes_too_and_is_not_counted_as_in_google_calendar():
    # fmeringdal/rust-rrule issue 119: a Thursday, then three Wednesdays; and RFC 5545 takes one out by EXDATE
    wednesdays = ("DTSTART;TZID=Europe/Berlin:20240530T200000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=WE")
    thirteenth = (
        "DTSTART;TZID=America/New_York:19970902T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    )

    found = days_of(*wednesdays, until="2024-12-31")
    without = days_of(*thirteenth, "EXDATE;TZID=America/New_York:19970902T090000", until="1998-12-31")

    assert found == ["2024-05-30", "2024-06-05", "2024-06-12", "2024-06-19"]
    assert without == ["1998-02-13", "1998-03-13", "1998-11-13"]


@pytest.mark.parametrize(
    ("zone", "left_out", "gone"),
    [
        ("Europe/Oslo", f"EXDATE;TZID={EXCHANGE}:20260218T000000", "02-18"),  # jens-maus/node-ical issue 454
        ("America/New_York", f"EXDATE;TZID={EXCHANGE}:20260218T000000", "02-18"),
        ("Europe/Oslo", "EXDATE;TZID=UTC+01:20260218T000000", "02-18"),  # jens-maus/node-ical pull request 460
        ("Europe/Berlin", "EXDATE:20260218T000000", "02-18"),  # tutao/tutanota issue 5318
        ("Europe/Berlin", "EXDATE:20260217T230000Z", "02-18"),
        ("Europe/Berlin", "EXDATE:20260218T000000Z", "02-18"),
        ("America/New_York", "EXDATE:20260218T000000Z", "02-18"),
        ("America/New_York", "EXDATE:20260218T050000Z", "02-18"),
    ],
)  # fmt: skip
def test_a_time_that_is_left_out_of_whole_days_is_the_day_that_is_meant(zone: str, left_out: str, gone: str):
    whole_days = ("DTSTART;VALUE=DATE:20260216", "RRULE:FREQ=DAILY;UNTIL=20260220T000000Z")

    found = days_of(*whole_days, left_out, until="2026-03-01", zone=ZoneInfo(zone))

    assert found == [f"2026-02-{day}" for day in range(16, 21) if f"02-{day}" != gone]


def test_a_day_that_exchange_moves_by_a_zone_that_nobody_knows_is_moved_and_a_time_of_it_is_refused():
    # jens-maus/node-ical issue 459
    series = an_event("DTSTART;VALUE=DATE:20261103", "RRULE:FREQ=WEEKLY;UNTIL=20261117T220000Z;BYDAY=TU,TH;WKST=MO")
    moved = an_event("RECURRENCE-ID;TZID=UTC+01:20261112T000000", "DTSTART;VALUE=DATE:20261113")

    found = times(of(*series, *moved, zone="UTC"))

    assert [one[:5] for one in found] == ["11-03", "11-05", "11-10", "11-13", "11-17"]
    with pytest.raises(Unreadable, match="is in the time zone “UTC\\+01”, which nobody knows"):
        of(*an_event("DTSTART;TZID=UTC+01:20261103T000000", "DURATION:PT1H"))


def test_a_time_that_is_moved_may_be_named_by_the_clock_of_another_zone_as_google_does():
    # as in MagicMirrorOrg/MagicMirror issue 3098, for two other zones: those of its own may part one day
    series = an_event("DTSTART;TZID=America/Chicago:20261027T083000", "DURATION:PT30M", "RRULE:FREQ=WEEKLY;COUNT=3")
    moved = an_event(
        "RECURRENCE-ID;TZID=America/New_York:20261103T093000", "DTSTART:20261105T153000Z", "DURATION:PT30M"
    )

    begins = [one[:11] for one in times(of(*series, *moved))]

    assert begins == ["10-27T13:30", "11-05T15:30", "11-10T14:30"]


def test_a_change_of_a_time_that_never_was_is_read_beside_the_series_as_in_grafana_oncall():
    # engine/apps/schedules/tests/calendars/modified_recurring_event.ics, as Google had given it out
    series = an_event(
        "DTSTART;VALUE=DATE:20261102", "DTEND;VALUE=DATE:20261110", "RRULE:FREQ=WEEKLY;UNTIL=20261122;INTERVAL=3"
    )
    changed = an_event(
        "DTSTART;TZID=Europe/Warsaw:20261102T100000",
        "DTEND;TZID=Europe/Warsaw:20261109T100000",
        "RECURRENCE-ID;TZID=Europe/Warsaw:19700101T010000",
        "SEQUENCE:2",
    )

    assert times(of(*series, *changed)) == ["11-01T23:00/11-09T23:00", "11-02T09:00/11-09T09:00"]


def test_a_zone_that_has_had_other_rules_in_the_past_goes_by_those_of_the_time_as_in_node_ical():
    def season(kind: str, since: str, rule: str, before: str, after: str) -> tuple[str, ...]:
        offsets = (f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}")
        return (f"BEGIN:{kind}", f"DTSTART:{since}", f"RRULE:FREQ=YEARLY;{rule}", *offsets, f"END:{kind}")

    zone = (
        "BEGIN:VTIMEZONE",
        "TZID:Customized Time Zone 1",
        *season("STANDARD", "16711029T020000", "BYDAY=-1SU;BYMONTH=10", "-0400", "-0500"),
        *season("DAYLIGHT", "16710404T020000", "BYDAY=1SU;BYMONTH=4", "-0500", "-0400"),
        *season("STANDARD", "20071104T020000", "BYDAY=1SU;BYMONTH=11", "-0400", "-0500"),
        *season("DAYLIGHT", "20070311T020000", "BYDAY=2SU;BYMONTH=3", "-0500", "-0400"),
        "END:VTIMEZONE",
    )
    then, now = (
        an_event(f'DTSTART;TZID="Customized Time Zone 1":{day}T140000', "DURATION:PT1H", uid=day)
        for day in ("19851015", "20250610")
    )

    found = of(*zone, *then, *now, start=datetime(1980, 1, 1, tzinfo=UTC))

    assert times(found) == ["10-15T18:00/10-15T19:00", "06-10T18:00/06-10T19:00"]


def test_a_calendar_s_own_zone_may_have_the_name_that_windows_gives_it():
    found = of("X-WR-TIMEZONE:W. Europe Standard Time", *an_event("DTSTART;VALUE=DATE:20261105"), zone="UTC")

    assert times(found) == ["11-04T23:00/11-05T23:00"]


def test_a_whole_day_that_is_moved_or_added_by_a_time_is_the_day_that_is_meant():
    series = an_event("DTSTART;VALUE=DATE:20261102", "RRULE:FREQ=DAILY;COUNT=3", "RDATE:20261106T230000Z")
    moved = an_event("RECURRENCE-ID:20261102T230000Z", "DTSTART;VALUE=DATE:20261110")

    found = times(of(*series, *moved))

    assert [one[:5] for one in found] == ["11-01", "11-03", "11-06", "11-09"]  # 23:00 UTC is the next midnight there


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=WEEKLY;INTERVAL=0", "comes again after no time at all: its INTERVAL must be 1 or more."),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "comes again on day 0 of a month, which no month has."),
        ("FREQ=MONTHLY;BYMONTHDAY=1,32", "comes again on day 32 of a month, which no month has."),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "comes again on day -32 of a month, which no month has."),
    ],
)
def test_a_rule_that_can_never_be_kept_is_refused_with_its_place(rule: str, why: str):
    with pytest.raises(Unreadable) as refused:
        of(*an_event("DTSTART:20261105T100000Z", f"RRULE:{rule}"))

    assert str(refused.value) == f"Event 1 (line 3, “Ada Lovelace”) {why}"


def test_a_series_is_read_with_all_that_the_sample_of_ical_js_changes_in_it():
    los_angeles = "TZID=America/Los_Angeles:"
    series = an_event(
        f"DTSTART;{los_angeles}20121002T100000",
        f"DTEND;{los_angeles}20121002T103000",
        "RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1TU",
        "RDATE:20231123T090000Z",
        "RDATE;VALUE=PERIOD:20231125T090000Z/20231125T123000Z",
        f"RDATE;{los_angeles}20121105T100000",
        f"RDATE;{los_angeles}20121110T100000,20121130T100000",
        *(f"EXDATE;{los_angeles}{day}T100000" for day in ("20130402", "20121204", "20130205")),
    )
    first = an_event(
        f"RECURRENCE-ID;{los_angeles}20121002T100000", f"DTSTART;{los_angeles}20121002T150000", "DURATION:PT30M"
    )
    added = an_event("RECURRENCE-ID:20121105T180000Z", f"DTSTART;{los_angeles}20121106T200000", "DURATION:PT30M")
    whole = (*series, *first, *added)

    then = of(*whole, start=datetime(2012, 9, 1, tzinfo=UTC), end=datetime(2013, 5, 1, tzinfo=UTC))
    later = of(*whole, start=datetime(2023, 11, 20, tzinfo=UTC), end=datetime(2023, 12, 1, tzinfo=UTC))

    begins = [one[:11] for one in times(then)]
    assert begins == [
        "10-02T22:00",
        "11-06T18:00",
        "11-07T04:00",
        "11-10T18:00",
        "11-30T18:00",
        "01-01T18:00",
        "03-05T18:00",
    ]
    assert times(later) == ["11-23T09:00/11-23T09:30", "11-25T09:00/11-25T12:30"]


def test_two_rules_of_one_event_are_both_kept_as_in_the_sample_of_ical_js():
    begins = "DTSTART;TZID=America/Los_Angeles:20120326T110000"

    found = days_of(begins, "DURATION:PT30M", "RRULE:FREQ=WEEKLY", "RRULE:FREQ=MONTHLY;BYDAY=SU", until="2012-04-09")

    assert found == ["2012-03-26", "2012-04-01", "2012-04-02", "2012-04-08", "2012-04-09"]
