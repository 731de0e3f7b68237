"""A calendar file as Google, Outlook and Apple open it: RFC 5545, all instants in UTC.

The same entries give the same bytes, so that a calendar program that has them already is told so. What an event says
is part of its identity: one that is changed is another event. Programs that have an event already keep it as it is
unless its SEQUENCE has grown (Google) or its DTSTAMP is newer, and we have no number that grows with each change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, Timezone, TimezoneStandard, vDuration, vText, vUri

from opsknight.crypto import sha256

PRODUCT: Final = "-//OpsKnight//On call//EN"
REFRESH: Final = timedelta(minutes=15)
"""How often a program is asked to look again; Google does as it likes, about twice a day."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event `[start_at, end_at)`, known by `ident` in `realm`, which is the installation.

    `person` is the address of whom it is about; without one it is a gap, which imports leave out.
    """

    start_at: datetime
    end_at: datetime
    ident: str
    realm: str
    summary: str
    description: str = ""
    url: str = ""
    person: str = ""

    @property
    def uid(self) -> str:
        """What it is known by to calendar programs: the same as long as it says the same."""
        said = self.start_at.timestamp(), self.end_at.timestamp(), self.summary, self.description, self.url, self.person
        return f"{self.ident}-{sha256(repr(said)).hex()[:16]}@{self.realm}"


def calendar_file(name: str, entries: Iterable[Entry], *, stamp: datetime, description: str = "") -> bytes:
    """Return a calendar called `name`; `stamp` is told as the time at which its events were written.

    What says the same as another entry stands in it once. Without entries it has a zone: something must be in it.
    """
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
    for entry in dict.fromkeys(entries):
        calendar.add_component(_event(entry, stamp))
    if not calendar.subcomponents:
        calendar.add_component(_zone())
    return calendar.to_ical(sorted=False)


def _zone() -> Timezone:
    """Return the zone of our times, which they do not need: RFC 5545 knows no calendar that has nothing in it."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("TZID", "UTC")
    standard.add("DTSTART", datetime(1970, 1, 1))  # noqa: DTZ001  # wall clock
    standard.add("TZOFFSETFROM", timedelta())
    standard.add("TZOFFSETTO", timedelta())
    zone.add_component(standard)
    return zone


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
