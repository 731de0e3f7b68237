"""A calendar file as Google, Outlook and Apple open it: RFC 5545, all instants in UTC.

The same entries give the same bytes, so that a calendar program that has them already is told so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, vDuration, vText, vUri

PRODUCT: Final = "-//OpsKnight//On call//EN"
REFRESH: Final = timedelta(minutes=15)
"""How often a program is asked to look again; Google does as it likes, about twice a day."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event `[start_at, end_at)`; `uid` stays the same for as long as it is the same event.

    `person` is the address of whom it is about; without one it is a gap, which imports leave out.
    """

    start_at: datetime
    end_at: datetime
    uid: str
    summary: str
    description: str = ""
    url: str = ""
    person: str = ""


def calendar_file(name: str, entries: Iterable[Entry], *, stamp: datetime, description: str = "") -> bytes:
    """Return a calendar called `name`; `stamp` is told as the time at which its events were written."""
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    refresh = vDuration(REFRESH)
    refresh.params["VALUE"] = "DURATION"
    calendar.add("REFRESH-INTERVAL", refresh)
    calendar.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    calendar.add("NAME", _line(name))
    calendar.add("X-WR-CALNAME", _line(name))
    if description:
        calendar.add("X-WR-CALDESC", _line(description))
    for entry in entries:
        calendar.add_component(_event(entry, stamp))
    return calendar.to_ical(sorted=False)


def _event(entry: Entry, stamp: datetime) -> Event:
    event = Event()
    event.add("UID", _line(entry.uid))
    event.add("DTSTAMP", stamp)
    event.add("DTSTART", entry.start_at)
    event.add("DTEND", entry.end_at)
    event.add("SUMMARY", _line(entry.summary))
    if entry.description:
        event.add("DESCRIPTION", "\n".join(_line(line) for line in entry.description.split("\n")))
    if entry.url:
        event.add("URL", vUri(_line(entry.url)))
    event.add("TRANSP", "TRANSPARENT")  # who is on call can still be invited to a meeting
    if entry.person:
        event.add("X-OPSKNIGHT-PERSON", vText(_line(entry.person)))
    else:
        event.add("X-OPSKNIGHT-GAP", vText("TRUE"))
    return event


def _line(text: str) -> str:
    """Return text without what could end a line or hide in it."""
    return " ".join(_CONTROLS.sub(" ", text).split())
