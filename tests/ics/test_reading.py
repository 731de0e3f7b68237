"""Calendars as Google, Outlook and Apple write them, and every part of the format that changes when somebody is on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.imported_shift import Known, Reading, matched
from opsknight.ics.reading import MAX_BYTES, Unreadable, read

GOLDEN = Path(__file__).parent / "golden"
BERLIN = ZoneInfo("Europe/Berlin")
FROM, UNTIL = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
PEOPLE = (
    Known(1, "Ada Lovelace", "ada@example.org"),
    Known(2, "Bo Diddley", "bo@example.org"),
    Known(3, "Cy", "cy@example.org"),
)


def of(*lines: str, zone: str = "Europe/Berlin", start: datetime = FROM, end: datetime = UNTIL) -> Reading:
    """Return what is read of a calendar with these lines in it."""
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])
    return read(text.encode(), zone=ZoneInfo(zone), start=start, end=end)


def an_event(*lines: str, uid: str = "one", summary: str = "Ada Lovelace") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", *lines, "END:VEVENT")


def a_zone_like_berlin(name: str) -> tuple[str, ...]:
    """Return a definition of a zone, as Outlook writes it."""
    yearly = "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH="
    winter = ("DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", f"{yearly}10")
    summer = ("DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", f"{yearly}3")
    seasons = ("BEGIN:STANDARD", *winter, "END:STANDARD", "BEGIN:DAYLIGHT", *summer, "END:DAYLIGHT")
    return ("BEGIN:VTIMEZONE", f"TZID:{name}", *seasons, "END:VTIMEZONE")


def times(reading: Reading) -> list[str]:
    """Return the events as `from/to`, in UTC to the minute."""
    return [f"{one.start_at:%m-%dT%H:%M}/{one.end_at:%m-%dT%H:%M}" for one in reading.occurrences]


def shifts(name: str, zone: str = "UTC") -> list[str]:
    """Return the shifts in a golden file as `from/to person`."""
    reading = read((GOLDEN / name).read_bytes(), zone=ZoneInfo(zone), start=FROM, end=UNTIL)
    imported = matched(reading, PEOPLE)
    assert imported.warnings == ()
    return [f"{one.start_at:%m-%dT%H:%M}/{one.end_at:%m-%dT%H:%M} {one.user_id}" for one in imported.shifts]


def test_google_repeats_with_exceptions_and_keeps_nine_o_clock_when_the_clocks_change():
    assert shifts("google.ics") == [
        "10-19T07:00/10-20T07:00 1",  # of Monday and Tuesday; the first Tuesday is an exception
        "10-24T22:00/10-25T23:00 2",  # a day of 25 hours, of who was invited and has not declined
        "10-26T08:00/10-27T08:00 1",
        "10-27T11:00/10-28T08:00 2",  # one Tuesday at another time, of two people
        "10-27T11:00/10-28T08:00 3",
        "11-02T08:00/11-03T08:00 1",  # the next Tuesday is cancelled, and the Monday after is past the end
    ]


def test_outlook_names_zones_as_windows_does_and_makes_its_own():
    assert shifts("outlook.ics", zone="America/New_York") == [
        "10-23T16:00/10-24T07:00 1",
        "10-24T16:00/10-25T08:00 1",
        "10-25T17:00/10-26T08:00 1",
        "10-31T13:00/10-31T21:00 2",
        "11-01T04:00/11-02T05:00 3",  # a day of 25 hours in the schedule's zone, for the calendar has none
        "11-01T14:00/11-01T22:00 2",
        "11-02T14:00/11-02T22:00 2",
    ]


def test_apple_writes_half_hours_of_daylight_saving_and_times_without_a_zone():
    assert shifts("apple.ics", zone="Asia/Kathmandu") == [
        "10-02T11:30/10-02T19:30 1",
        "10-03T11:30/10-03T19:00 1",
        "10-05T03:15/10-05T11:15 2",
        "10-10T11:00/10-10T19:00 1",
    ]


def test_a_start_in_a_gap_is_its_end_and_an_end_in_a_repeated_hour_is_its_last():
    gap = of(
        *an_event("DTSTART;TZID=Europe/Berlin:20260329T023000", "DTEND;TZID=Europe/Berlin:20260329T090000"),
        start=datetime(2026, 3, 1, tzinfo=UTC),
    )
    twice = of(*an_event("DTSTART;TZID=Europe/Berlin:20261025T000000", "DTEND;TZID=Europe/Berlin:20261025T023000"))

    assert times(gap) == ["03-29T01:00/03-29T07:00"]
    assert times(twice) == ["10-24T22:00/10-25T01:30"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", "20261025", 25), ("Europe/Berlin", "20270328", 23), ("Asia/Beirut", "20270328", 23),
     ("Australia/Lord_Howe", "20261004", 23.5), ("Pacific/Chatham", "20261201", 24)],
)  # fmt: skip
def test_a_day_lasts_from_its_midnight_to_the_next(zone: str, day: str, hours: float):
    found = of(*an_event(f"DTSTART;VALUE=DATE:{day}"), zone=zone, end=datetime(2027, 12, 1, tzinfo=UTC))

    [one] = found.occurrences
    assert one.end_at - one.start_at == timedelta(hours=hours)


def test_the_calendar_s_own_zone_counts_before_the_schedule_s():
    day = an_event("DTSTART;VALUE=DATE:20261105", "DTEND;VALUE=DATE:20261106")

    assert times(of("X-WR-TIMEZONE:America/New_York", *day)) == ["11-05T05:00/11-06T05:00"]
    assert times(of("X-WR-TIMEZONE:Somewhere/Else", *day)) == ["11-04T23:00/11-05T23:00"]


@pytest.mark.parametrize(
    ("start", "rule", "days"),
    [
        ("20260930", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", "09-30 10-30 11-30"),
        ("20260904", "FREQ=MONTHLY;BYDAY=1FR;COUNT=3", "09-04 10-02 11-06"),
        ("20260928", "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "09-28 10-29 11-28"),
        ("20260930", "FREQ=MONTHLY;BYMONTHDAY=30,31;COUNT=4", "09-30 10-30 10-31 11-30"),
        ("20261006", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=4", "10-06 10-11 10-20 10-25"),
        ("20261006", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=4", "10-06 10-18 10-20 11-01"),
        ("20261102", "FREQ=DAILY;COUNT=3\r\nEXDATE:20261103T080000Z", "11-02 11-04"),
        ("20261102", "FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20261103", "11-02 11-04"),
        ("20261102", "FREQ=DAILY;UNTIL=20261103T080000Z\r\nRDATE:20261110T080000Z", "11-02 11-03 11-10"),
        ("20261102", "FREQ=DAILY;UNTIL=20261103T075959Z", "11-02"),
    ],
)
def test_events_come_again_as_rfc_5545_says(start: str, rule: str, days: str):
    nine_to_five = (f"DTSTART;TZID=Europe/Berlin:{start}T090000", f"DTEND;TZID=Europe/Berlin:{start}T170000")

    found = of(*an_event(*nine_to_five, f"RRULE:{rule}")).occurrences

    assert [f"{one.start_at.astimezone(BERLIN):%m-%d}" for one in found] == days.split()
    assert {one.start_at.astimezone(BERLIN).hour for one in found} == {9}


def test_what_repeats_in_utc_stays_in_utc_whatever_the_calendar_s_own_zone():
    late_on_mondays = an_event(
        "DTSTART:20261102T233000Z", "DTEND:20261103T073000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2"
    )
    over_a_change = an_event("DTSTART:20261024T070000Z", "DTEND:20261024T150000Z", "RRULE:FREQ=DAILY;COUNT=2")
    berlin = "X-WR-TIMEZONE:Europe/Berlin"

    assert times(of(berlin, *late_on_mondays)) == ["11-02T23:30/11-03T07:30", "11-09T23:30/11-10T07:30"]
    assert times(of(berlin, *over_a_change)) == ["10-24T07:00/10-24T15:00", "10-25T07:00/10-25T15:00"]


def test_times_without_a_zone_that_repeat_until_an_instant_have_the_last_of_them():
    daily = an_event("DTSTART:20261024T090000", "DTEND:20261024T170000", "RRULE:FREQ=DAILY;UNTIL=20261025T080000Z")

    assert times(of(*daily)) == ["10-24T07:00/10-24T15:00", "10-25T08:00/10-25T16:00"]


@pytest.mark.parametrize("name", ["W. Europe Standard Time", "tzone://Microsoft/Custom", "(UTC+01:00) Berlin, Rome"])
def test_in_a_zone_that_a_calendar_defines_the_rules_of_schedules_hold_too(name: str):
    gap = an_event(f'DTSTART;TZID="{name}":20270328T023000', f'DTEND;TZID="{name}":20270328T090000')
    twice = an_event(f'DTSTART;TZID="{name}":20261025T023000', f'DTEND;TZID="{name}":20261025T024500', uid="two")

    found = of(*a_zone_like_berlin(name), *gap, *twice, end=FROM + timedelta(days=400))

    assert times(found) == ["10-25T00:30/10-25T01:45", "03-28T01:00/03-28T07:00"]


def test_a_day_that_ends_on_itself_is_that_day():
    assert times(of(*an_event("DTSTART;VALUE=DATE:20261105", "DTEND;VALUE=DATE:20261105"))) == [
        "11-04T23:00/11-05T23:00"
    ]


def test_events_that_share_a_uid_are_all_read_unless_one_is_a_newer_version_of_the_other():
    first, second = ((f"DTSTART:202611{day}T090000Z", f"DTEND:202611{day}T170000Z") for day in ("02", "03"))

    assert times(of(*an_event(*first), *an_event(*second))) == ["11-02T09:00/11-02T17:00", "11-03T09:00/11-03T17:00"]
    assert times(of(*an_event(*first), *an_event(*second, "SEQUENCE:1"))) == ["11-03T09:00/11-03T17:00"]
    again = an_event(*second, "RRULE:FREQ=WEEKLY;COUNT=2")
    assert len(of(*an_event(*first, "RRULE:FREQ=WEEKLY;COUNT=2"), *again).occurrences) == 4


def test_a_rule_that_ends_with_a_day_counts_that_day():
    hours = ("DTSTART;TZID=America/New_York:20261102T220000", "DTEND;TZID=America/New_York:20261102T230000")

    assert len(of(*an_event(*hours, "RRULE:FREQ=DAILY;UNTIL=20261104")).occurrences) == 3


@pytest.mark.parametrize(
    ("zone", "until", "days"),
    [
        ("Europe/Berlin", "20261104", 3),
        ("Europe/Berlin", "20261104T000000Z", 3),
        ("Europe/Berlin", "20261103T230000Z", 3),
        ("Europe/Berlin", "20261104T225959Z", 3),
        ("America/New_York", "20261104T000000Z", 3),
        ("America/New_York", "20261105T045959Z", 3),
    ],
)
def test_a_rule_of_days_that_ends_with_an_instant_ends_with_the_day_that_is_meant(zone: str, until: str, days: int):
    found = of(*an_event("DTSTART;VALUE=DATE:20261102", f"RRULE:FREQ=DAILY;UNTIL={until}"), zone=zone)

    assert len(found.occurrences) == days


def test_a_series_changes_from_one_time_on():
    series = an_event("DTSTART:20261102T090000Z", "DTEND:20261102T100000Z", "RRULE:FREQ=DAILY;COUNT=4")
    later = an_event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261104T090000Z", "DTSTART:20261104T110000Z", "DTEND:20261104T130000Z"
    )

    assert times(of(*series, *later))[2:] == ["11-04T11:00/11-04T13:00", "11-05T11:00/11-05T13:00"]


def test_an_exception_that_names_a_day_stands_for_the_time_of_that_day():
    series = an_event(
        "DTSTART;TZID=Europe/Berlin:20261102T090000",
        "DTEND;TZID=Europe/Berlin:20261102T170000",
        "RRULE:FREQ=DAILY;COUNT=3",
    )
    moved = an_event("RECURRENCE-ID;VALUE=DATE:20261103", "DTSTART:20261103T120000Z", "DTEND:20261103T130000Z")

    assert times(of(*series, *moved)) == [
        "11-02T08:00/11-02T16:00",
        "11-03T12:00/11-03T13:00",
        "11-04T08:00/11-04T16:00",
    ]


def test_a_day_that_is_added_to_a_series_of_times_is_added_at_its_time_of_day():
    nine = ("DTSTART;TZID=Europe/Berlin:20261102T090000", "DTEND;TZID=Europe/Berlin:20261102T170000")

    found = of(*an_event(*nine, "RDATE;VALUE=DATE:20261109,20261111"))

    assert times(found) == ["11-02T08:00/11-02T16:00", "11-09T08:00/11-09T16:00", "11-11T08:00/11-11T16:00"]


def test_an_end_without_a_zone_goes_by_the_clock_of_its_start():
    found = of(*an_event("DTSTART;TZID=America/New_York:20261102T220000", "DTEND:20261102T230000"))

    assert times(found) == ["11-03T03:00/11-03T04:00"]


@pytest.mark.parametrize("length", ["P1D", "PT24H"])
def test_a_length_ends_by_the_clock_so_that_handoffs_leave_no_hole_when_the_clocks_change(length: str):
    found = of(
        *an_event("DTSTART;TZID=Europe/Berlin:20261024T090000", f"DURATION:{length}", "RRULE:FREQ=DAILY;COUNT=2")
    )

    assert times(found) == ["10-24T07:00/10-25T08:00", "10-25T08:00/10-26T08:00"]


def test_what_is_cancelled_or_lasts_no_time_is_left_out():
    cancelled = an_event("DTSTART:20261102T090000Z", "DTEND:20261102T100000Z", "STATUS:CANCELLED")
    moment = an_event("DTSTART:20261103T090000Z", uid="two")

    assert of(*cancelled, *moment).occurrences == ()
    assert of("METHOD:CANCEL", *an_event("DTSTART;VALUE=DATE:20261105")).occurrences == ()


def test_only_the_window_is_read_and_events_are_whole():
    found = of(*an_event("DTSTART:20260831T090000Z", "DTEND:20260902T090000Z", "RRULE:FREQ=MONTHLY;COUNT=12"))

    assert times(found)[0] == "08-31T09:00/09-02T09:00"
    assert found.occurrences[-1].start_at < UNTIL


def test_days_are_told_with_their_names():
    found = of(
        "X-WR-CALNAME:Holidays",
        *an_event("DTSTART;VALUE=DATE:20261225", summary="Christmas"),
        end=FROM + timedelta(days=400),
    )

    assert (found.name, dict(found.days)) == ("Holidays", {date(2026, 12, 25): "Christmas"})


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            an_event("DTSTART:2026-11-05"),
            "Event 1 (line 3, “Ada Lovelace”) has DTSTART that cannot be read",
        ),
        (an_event(), "Event 1 (line 3, “Ada Lovelace”) does not say when it begins: it has no DTSTART."),
        (
            (*an_event("DTSTART:20261105T100000Z"), *an_event("DTSTART:20261105T100000Z", "DTEND:20261105T090000Z")),
            "Event 2 (line 8, “Ada Lovelace”) ends before it begins.",
        ),
        (
            an_event("DTSTART;TZID=Mars/Olympus:20261105T100000", "DTEND;TZID=Mars/Olympus:20261105T110000"),
            "Event 1 (line 3, “Ada Lovelace”) is in the time zone “Mars/Olympus”, which nobody knows",
        ),
        (
            an_event("DTSTART:20261105T100000Z", "RRULE:FREQ=SECONDLY"),
            "Event 1 (line 3, “Ada Lovelace”) comes again every minute or second; nobody is on call like that.",
        ),
        (
            an_event("DTSTART:20261105T100000Z", "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"),
            "Event 1 (line 3, “Ada Lovelace”) leaves times out by a rule (EXRULE)",
        ),
        (
            ("BEGIN:VEVENT", "DTSTART:20261105T100000Z"),
            "Line 5 ends a VCALENDAR that was not begun.",
        ),
        (
            an_event("DTSTART:20261105T100000Z", "DTEND:20261105T110000Z", "RRULE:FREQ=HOURLY;COUNT=20000"),
            "The calendar has more than 10000 events until 2034-11-18.",
        ),
        (an_event("DTSTART;VALUE=DATE:99991231"), "The event “Ada Lovelace” lies outside of the years 1 to 9999."),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(lines: tuple[str, ...], sentence: str):
    with pytest.raises(Unreadable) as refused:
        of(*lines, end=FROM + timedelta(days=3000))

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("raw", "begins"),
    [
        (b"<!DOCTYPE html><html>", "This is no calendar: it begins with “<!DOCTYPE html><html>”"),
        (b"", "This is no calendar"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "The calendar is cut off: the VCALENDAR that begins in line 1"),
        (b"BEGIN:VCALENDAR\r\nX-WR-CALNAME:\xff\xfe\r\nEND:VCALENDAR", "The calendar is not text in UTF-8: byte 30"),
        (b"x" * (MAX_BYTES + 1), "The calendar has 1,000,001 bytes; 1,000,000 are allowed."),
    ],
)
def test_what_is_no_calendar_is_refused_in_plain_words(raw: bytes, begins: str):
    with pytest.raises(Unreadable) as refused:
        read(raw, zone=BERLIN, start=FROM, end=UNTIL)

    assert str(refused.value).startswith(begins)


@pytest.mark.parametrize("fold", [b"\r\n ", b"\n\t"])
def test_a_line_that_is_folded_within_a_character_is_read(fold: bytes):
    name = "Jörg".encode()
    torn = name[:2] + fold + name[2:]
    raw = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:" + torn + b"\nDTSTART;VALUE=DATE:20261105\nEND:VEVENT\n"

    found = read(raw + b"END:VCALENDAR\n", zone=BERLIN, start=FROM, end=UNTIL)

    assert [one.summary for one in found.occurrences] == ["Jörg"]


def test_lines_that_end_as_on_a_mac_of_old_are_read():
    lines = ["BEGIN:VCALENDAR", *an_event("DTSTART;VALUE=DATE:20261105"), "END:VCALENDAR", ""]

    assert len(read("\r".join(lines).encode(), zone=BERLIN, start=FROM, end=UNTIL).occurrences) == 1


def test_a_byte_order_mark_bare_line_feeds_and_folded_lines_are_read():
    text = (
        "\ufeffBEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:Ada Love\n lace\nDTSTART;VALUE=DATE:20261105\nEND:VEVENT"
    )

    found = read(f"{text}\nEND:VCALENDAR\n".encode(), zone=BERLIN, start=FROM, end=UNTIL)

    assert [one.summary for one in found.occurrences] == ["Ada Lovelace"]
