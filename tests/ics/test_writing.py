"""The file that we write, and that whatever stands in a name stays text in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from opsknight.ics.reading import read
from opsknight.ics.writing import Entry, calendar_file
from tests.clock import NOON

DAY = timedelta(days=1)


def an_entry(summary: str = "Ada on call: Primary", **changes: str) -> Entry:
    return Entry(NOON, NOON + DAY, "shift-1", "here", summary, **{"person": "ada@example.org", **changes})


def written(*entries: Entry, name: str = "On call") -> bytes:
    return calendar_file(name, entries, stamp=datetime(2026, 1, 1, tzinfo=UTC))


def test_it_says_what_google_outlook_and_apple_want_to_know():
    entry = an_entry(description="By the layer Primary.", url="https://ops.example.org/schedules/1")

    assert written(entry).decode() == (
        "BEGIN:VCALENDAR\r\nPRODID:-//OpsKnight//On call//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nX-PUBLISHED-TTL:PT15M\r\nNAME:On call\r\nX-WR-CALNAME:On call\r\n"
        f"BEGIN:VEVENT\r\nUID:{entry.uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261124T120000Z\r\n"
        "DTEND:20261125T120000Z\r\nSUMMARY:Ada on call: Primary\r\nDESCRIPTION:By the layer Primary.\r\n"
        "URL:https://ops.example.org/schedules/1\r\nTRANSP:TRANSPARENT\r\nX-OPSKNIGHT-PERSON:ada@example.org\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def test_an_event_that_says_something_else_is_another_one():
    """Google keeps what it has under a UID unless SEQUENCE grew, and nothing of ours grows with each change."""
    entry = an_entry(description="By the layer Primary.")
    changes = {"end_at": NOON + 2 * DAY, "summary": "Bo on call: Primary", "description": "By an override.", "url": "/"}

    known = {entry.uid} | {replace(entry, **{name: value}).uid for name, value in changes.items()}

    assert an_entry(description="By the layer Primary.").uid == entry.uid
    assert len(known) == 1 + len(changes)


def test_what_says_the_same_twice_stands_in_it_once():
    assert written(an_entry(), an_entry()).count(b"BEGIN:VEVENT") == 1


def test_a_calendar_without_events_is_one_all_the_same():
    """RFC 5545 §3.6 wants something in each; programs that hold to it refuse what has nothing."""
    [zone] = Calendar.from_ical(written()).subcomponents

    assert (zone.name, str(zone["TZID"])) == ("VTIMEZONE", "UTC")


def test_a_name_with_line_ends_opens_no_event_of_its_own():
    name = "Ada\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Mallory <script>alert(1)</script>"

    lines = written(an_entry(name, description=name, url=name, person=name), name=name).decode().split("\r\n")

    assert [line for line in lines if line in ("BEGIN:VEVENT", "END:VEVENT")] == ["BEGIN:VEVENT", "END:VEVENT"]


@given(st.text(), st.text(), st.emails())
def test_whatever_a_name_is_lines_are_short_and_it_comes_back_as_text(name: str, why: str, email: str):
    raw = written(an_entry(name, description=why, person=email), name=name)

    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.count(b"BEGIN:VEVENT\r\n") == 1
    [one] = read(raw, zone=ZoneInfo("UTC"), start=NOON, end=NOON + DAY).occurrences
    assert (one.start_at, one.end_at, one.people) == (NOON, NOON + DAY, (email,))
    assert "".join(one.summary.split()) == "".join(_shown(name).split())


def test_a_gap_is_no_shift_to_whoever_imports_the_calendar():
    found = read(written(an_entry(person="")), zone=ZoneInfo("UTC"), start=NOON, end=NOON + DAY)

    assert found.occurrences == ()


def _shown(text: str) -> str:
    """Return what is left of a text without its control characters."""
    return "".join(" " if ord(one) < 32 or one in "\x7f\x85\u2028\u2029" else one for one in text)
