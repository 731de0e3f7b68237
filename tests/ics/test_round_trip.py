"""What we write of any schedule, our own importer and the library of others read back as the same shifts."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from opsknight.domain.model.imported_shift import Known, matched
from opsknight.domain.model.schedule import Schedule, shifts
from opsknight.ics.on_call import entries, window
from opsknight.ics.reading import read
from opsknight.ics.writing import calendar_file
from tests.model.layers import EVERYBODY, instants, schedules

PEOPLE = {number: Known(number, f"Person {number}", f"p{number}@example.org") for number in EVERYBODY}
MINUTES = instants.map(lambda at: at.replace(second=0, microsecond=0))
MOST = 300
"""Rotations by the hour have thousands of shifts in half a year, and nothing that the others have not."""


@given(MINUTES.flatmap(lambda at: st.tuples(st.just(at), schedules(at))))
@settings(max_examples=40)
def test_a_calendar_of_ours_is_read_back_as_the_same_shifts(case: tuple[datetime, Schedule]):
    at, schedule = case
    start, end = window(at)
    found = shifts(schedule, start, end)
    assume(0 < len(found) <= MOST and all(one.end_at.year < 2100 for one in found))  # python's calendars end with 9999
    wanted = {(one.start_at, one.end_at, PEOPLE[one.user_id].email) for one in found}

    told = entries(schedule, None, PEOPLE, at=at, address="https://ops.example.org", realm="here", with_gaps=True)
    raw = calendar_file("On call", told, stamp=at)
    imported = matched(read(raw, zone=ZoneInfo("Asia/Kathmandu"), start=start, end=end), PEOPLE.values())

    assert {(one.start_at, one.end_at, PEOPLE[one.user_id].email) for one in imported.shifts} == wanted
    assert imported.warnings == ()
    events = [one for one in Calendar.from_ical(raw).walk("VEVENT") if "X-OPSKNIGHT-PERSON" in one]
    theirs = {(one.start.astimezone(UTC), one.end.astimezone(UTC), str(one["X-OPSKNIGHT-PERSON"])) for one in events}
    assert theirs == wanted
    assert len({str(one["UID"]) for one in events}) == len(events)
