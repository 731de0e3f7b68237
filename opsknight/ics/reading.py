"""What stands in an iCalendar file: every event of a window, at instants. Parsed and repeated by libraries.

What cannot be understood refuses the file as a whole, with the place: half a calendar would be gaps that
nobody sees. Wall-clock times become instants by the rules of schedules (the first instant after a gap; a start
that occurs twice is its first occurrence, an end its last). A day lasts from its midnight to the next.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import chain
from typing import Any, Final, TypeAlias, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import recurring_ical_events
from icalendar import Calendar
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from opsknight.domain.model.imported_shift import Attendee, Occurrence, Reading
from opsknight.domain.model.rotation import first_instant, last_instant
from opsknight.ics.rules import BadRule, day_of, end_by_the_clock, spell_out

Part: TypeAlias = Any
"""An event as the library has it. Its types allow every property everything that any could be."""

MAX_BYTES: Final = 1_000_000
MAX_OCCURRENCES: Final = 10_000
_MARGIN: Final = timedelta(days=2)
"""Days and local times are only known as instants once their zone is; so more is asked for, and then cut."""
_AT_A_TIME: Final = timedelta(days=30)
_DAY: Final = timedelta(days=1)
_DAY_S: Final = 86_400
_TIMES: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_ONCE: Final = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID")
_TOO_OFTEN: Final = ("SECONDLY", "MINUTELY")
_NOT_PEOPLE: Final = ("ROOM", "RESOURCE")
_TORN: Final = re.compile(rb"(?<=[\x80-\xff])\r?\n[ \t](?=[\x80-\xbf])")
"""A fold within a character: programs that count bytes fold there, and RFC 5545 (3.1) has it undone first."""
_STRUCTURE: Final = re.compile(r"^(BEGIN|END):\s*([\w-]+)\s*$", re.IGNORECASE)


class Unreadable(ValueError):
    """The file cannot be used; the text says what is wrong and where, for a person."""


def read(raw: bytes, *, zone: ZoneInfo, start: datetime, end: datetime) -> Reading:
    """Return every event that touches `[start, end)`, in order of time.

    Whole days and times without a zone are of the calendar's own zone (X-WR-TIMEZONE), `zone` where it has none.

    Raises:
        Unreadable: it is no calendar, too large, or something in it cannot be understood.
    """
    text, lines = _text(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendars = _parsed(text)
        found: dict[tuple[str, datetime, datetime], Occurrence] = {}
        days: dict[date, str] = {}
        numbers = iter(enumerate(lines, start=1))
        for calendar in calendars:
            events = [(event, *next(numbers)) for event in cast("list[Part]", calendar.walk("VEVENT"))]
            here = _zone_of(calendar, zone)
            for event, number, line in events:
                _check(event, f"Event {number} (line {line}, {_title(event)})", here)
            if str(calendar.get("METHOD", "")).upper() == "CANCEL":
                continue
            all_of_them = [one for one, _, _ in events]
            for event in _repeated(calendar, all_of_them, here, start - _MARGIN, end + _MARGIN):
                if (one := _placed(event, here)) and one.start_at < end and one.end_at > start:
                    found[one.uid, one.start_at, one.end_at] = one
                    days |= _days(event)
                if len(found) > MAX_OCCURRENCES:
                    raise Unreadable(f"The calendar has more than {MAX_OCCURRENCES} events until {end:%Y-%m-%d}.")
    name = str(calendars[0].get("X-WR-CALNAME") or calendars[0].get("NAME") or "")
    return Reading(name, tuple(sorted(found.values(), key=lambda one: (one.start_at, one.end_at, one.uid))), days)


def _text(raw: bytes) -> tuple[str, list[int]]:
    """Return the file as text, and the line at which each event begins; the file must be whole."""
    if len(raw) > MAX_BYTES:
        raise Unreadable(f"The calendar has {len(raw):,} bytes; {MAX_BYTES:,} are allowed.")
    try:
        text = _TORN.sub(b"", raw).decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Unreadable(f"The calendar is not text in UTF-8: byte {wrong.start} is none.") from wrong
    if "\n" not in text:  # every line ends as on a Mac of old
        text = text.replace("\r", "\n")
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if first.upper() != "BEGIN:VCALENDAR":
        raise Unreadable(
            f"This is no calendar: it begins with “{first[:40]}”, not with BEGIN:VCALENDAR. Give the address of the"
            " .ics file itself, not of the page that shows it."
        )
    return text, _events(text)


def _events(text: str) -> list[int]:
    open_parts: list[tuple[str, int]] = []
    lines: list[int] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if (found := _STRUCTURE.match(line)) is None:
            continue
        kind, part = found[1].upper(), found[2].upper()
        if kind == "BEGIN":
            open_parts.append((part, number))
            lines += [number] if part == "VEVENT" else []
        elif not open_parts or open_parts.pop()[0] != part:
            raise Unreadable(f"Line {number} ends a {part} that was not begun.")
    if open_parts:
        part, number = open_parts[-1]
        raise Unreadable(f"The calendar is cut off: the {part} that begins in line {number} has no end.")
    if len(lines) > MAX_OCCURRENCES:
        raise Unreadable(f"The calendar has {len(lines)} events; {MAX_OCCURRENCES} are allowed.")
    return lines


def _parsed(text: str) -> list[Calendar]:
    try:
        return [one for one in Calendar.from_ical(text, multiple=True) if isinstance(one, Calendar)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as wrong:
        raise Unreadable(f"The calendar cannot be read: {_short(wrong)}.") from wrong


def _check(event: Part, which: str, here: ZoneInfo) -> None:
    """Refuse an event whose time is not beyond doubt."""
    for name, why in event.errors:
        if name is None or name.upper() in _TIMES:
            raise Unreadable(f"{which} has {name or 'a line'} that cannot be read: {_short(why)}.")
    if "DTSTART" not in event:
        raise Unreadable(f"{which} does not say when it begins: it has no DTSTART.")
    for name in _ONCE:
        if len(values := _values(event, name)) > 1:
            raise Unreadable(f"{which} has {len(values)} of {name}.")
        if values and not isinstance(values[0].dt, timedelta if name == "DURATION" else date):
            raise Unreadable(f"{which} has {name} that is no day and no time of a day.")
    whole_days = not isinstance(event["DTSTART"].dt, datetime)
    for name in _TIMES:
        for value in _values(event, name):
            zone_id = getattr(value, "params", {}).get("TZID")
            if zone_id and any(_is_lost(moment, whole_days=whole_days) for moment in _moments(value)):
                raise Unreadable(f"{which} is in the time zone “{zone_id}”, which nobody knows and it does not define.")
    _check_rules(event, which, here)
    if "EXRULE" in event:
        raise Unreadable(f"{which} leaves times out by a rule (EXRULE), which nobody writes any more; use EXDATE.")
    _check_span(event, which)


def _check_rules(event: Part, which: str, here: ZoneInfo) -> None:
    for rule in _values(event, "RRULE"):
        if any(str(freq).upper() in _TOO_OFTEN for freq in rule.get("FREQ", [])):
            raise Unreadable(f"{which} comes again every minute or second; nobody is on call like that.")
        try:
            spell_out(rule, event["DTSTART"].dt)
        except BadRule as wrong:
            raise Unreadable(f"{which} {wrong}") from wrong
        end_by_the_clock(rule, event["DTSTART"].dt, here)


def _check_span(event: Part, which: str) -> None:
    begin, until = event["DTSTART"].dt, event["DTEND"].dt if "DTEND" in event else None
    if isinstance(begin, datetime) and isinstance(until, datetime) and until.tzinfo is None:  # of its start's zone
        until = event["DTEND"].dt = until.replace(tzinfo=begin.tzinfo)
    if until is not None and isinstance(begin, datetime) is not isinstance(until, datetime):
        raise Unreadable(f"{which} begins with a day and ends with a time, or the other way round.")
    if (until is not None and _comparable(until) < _comparable(begin)) or _lasts(event, begin) < timedelta(0):
        raise Unreadable(f"{which} ends before it begins.")


def _repeated(
    calendar: Calendar, events: Iterable[Part], here: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Part]:
    """Yield the events as often as they come: those that come once as they are, the others by the library."""
    by_uid: dict[str, list[Part]] = defaultdict(list)
    for number, event in enumerate(events):
        by_uid[str(event.get("UID") or f"event-{number}")].append(event)
    series = Calendar()  # without X-WR-TIMEZONE, by which the library would move what is written in UTC
    for component in calendar.walk("VTIMEZONE"):
        series.add_component(component)
    is_empty = True
    for uid, same in chain.from_iterable(_apart(uid, same, here) for uid, same in by_uid.items()):
        if len(same) == 1 and not any(name in same[0] for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
            yield same[0]
            continue
        for event in same:
            if "UID" not in event:
                event.add("UID", uid)
            series.add_component(event)
        is_empty = False
    if not is_empty:
        yield from _by_library(series, start, end)


def _apart(uid: str, same: list[Part], here: ZoneInfo) -> Iterator[tuple[str, list[Part]]]:
    """Yield the events of a UID with their exceptions; several where programs gave one UID to more than one event.

    Of events that replace each other SEQUENCE says which is the newest, and the library takes that.
    """
    masters = [event for event in same if "RECURRENCE-ID" not in event]
    newest = max((_sequence(event) for event in masters), default=0)
    others = [event for event in masters if _sequence(event) == newest][1:]
    for event in same:
        begin = masters[0]["DTSTART"].dt if masters else event["DTSTART"].dt
        for value in (*_values(event, "RECURRENCE-ID"), *_values(event, "RDATE"), *_values(event, "EXDATE")):
            _name_as_the_series_does(value, begin, here)
    apart = {id(event) for event in others}
    yield uid, [event for event in same if id(event) not in apart]
    for number, event in enumerate(others, start=2):
        event.pop("UID", None)
        event.add("UID", f"{uid}-{number}")
        yield str(event["UID"]), [event]


def _name_as_the_series_does(value: Any, begin: date, here: ZoneInfo) -> None:
    """Let what a series names, to change, to add or to leave it out, be of the kind of its times.

    In a series of times a day stands for that day at its time of day; in one of days a time stands for its day.
    """
    for one in getattr(value, "dts", [value]):
        if not isinstance(begin, datetime) and isinstance(one.dt, datetime):
            one.dt = day_of(one.dt, here)
        elif isinstance(begin, datetime) and type(one.dt) is date:
            one.dt = datetime.combine(one.dt, begin.timetz())


def _sequence(event: Part) -> int:
    try:
        return int(event.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        return 0


def _by_library(series: Calendar, start: datetime, end: datetime) -> Iterator[Part]:
    """Yield what repeats, month by month, so that who counts can stop; some comes twice."""
    try:
        query = recurring_ical_events.of(series)
        while start < end:
            yield from cast("list[Part]", query.between(start, min(end, start + _AT_A_TIME)))
            start += _AT_A_TIME
    except Unreadable:
        raise
    except Exception as wrong:
        raise Unreadable(f"The calendar's recurring events cannot be worked out: {_short(wrong)}.") from wrong


def _placed(event: Part, zone: ZoneInfo) -> Occurrence | None:
    try:
        return _occurrence(event, zone)
    except OverflowError as far:
        raise Unreadable(f"The event {_title(event)} lies outside of the years 1 to 9999.") from far


def _occurrence(event: Part, zone: ZoneInfo) -> Occurrence | None:
    """Return one event at one time, None where it is cancelled, covers nothing, or tells of a gap."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or "X-OPSKNIGHT-GAP" in event:
        return None
    begin = event["DTSTART"].dt
    until = _until(event, begin)
    start_at, end_at = _instant(begin, zone, is_end=False), _instant(until, zone, is_end=True)
    if end_at <= start_at:
        return None
    return Occurrence(
        start_at,
        end_at,
        str(event.get("UID") or f"{start_at:%Y%m%dT%H%M%SZ}-{event.get('SUMMARY', '')}"),
        str(event.get("SUMMARY", "")),
        tuple(_attendees(event)),
        tuple(str(one).strip() for one in _values(event, "X-OPSKNIGHT-PERSON")),
    )


def _until(event: Part, begin: date) -> date:
    """Return when an event ends; a day that ends on itself lasts a day, as those mean who write so."""
    until = event["DTEND"].dt if "DTEND" in event else begin + _lasts(event, begin)
    return begin + _DAY if until == begin and not isinstance(begin, datetime) else until


def _lasts(event: Part, begin: date) -> timedelta:
    if "DURATION" in event:
        return cast("timedelta", event["DURATION"].dt)
    return timedelta(0) if isinstance(begin, datetime) else _DAY


def _instant(moment: date, zone: ZoneInfo, *, is_end: bool) -> datetime:
    if not isinstance(moment, datetime):
        return first_instant(datetime.combine(moment, time()), zone)
    here = moment.tzinfo or zone
    wall = moment.replace(tzinfo=None, fold=0)
    if not isinstance(here, ZoneInfo):
        return _by_definition(wall, here, is_end=is_end)
    return last_instant(wall, here) if is_end else first_instant(wall, here)


def _by_definition(wall: datetime, here: tzinfo, *, is_end: bool) -> datetime:
    """Return the instant of a wall-clock time of a zone that the calendar itself defines, as Outlook does."""
    at = wall.replace(tzinfo=here, fold=int(is_end)).astimezone(UTC)

    def shown(second: int) -> datetime:
        return (at + timedelta(seconds=second)).astimezone(here).replace(tzinfo=None)

    if shown(0) == wall:
        return at
    around = range(-_DAY_S, _DAY_S)  # in a gap: the first instant that shows as much or more is the one after it
    return at + timedelta(seconds=around[bisect_left(around, wall, key=shown)])


def _days(event: Part) -> Mapping[date, str]:
    """Return the days of an event that lasts whole days."""
    begin = event["DTSTART"].dt
    if isinstance(begin, datetime):
        return {}
    until = _until(event, begin)
    title = str(event.get("SUMMARY", ""))
    return {begin + number * _DAY: title for number in range(min((until - begin).days, 366))}


def _attendees(event: Part) -> Iterator[Attendee]:
    """Yield the people whom an event invites and who have not declined."""
    for one in _values(event, "ATTENDEE"):
        said = getattr(one, "params", {})
        if str(said.get("CUTYPE", "")).upper() in _NOT_PEOPLE or str(said.get("PARTSTAT", "")).upper() == "DECLINED":
            continue
        address = str(one).strip()
        email = address[7:] if address.lower().startswith("mailto:") else address
        yield Attendee(email if "@" in email else "", str(said.get("CN", "")) or ("" if "@" in email else email))


def _zone_of(calendar: Calendar, otherwise: ZoneInfo) -> ZoneInfo:
    name = str(calendar.get("X-WR-TIMEZONE", "")).strip()
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(name, name)) if name else otherwise
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


def _values(event: Part, name: str) -> list[Any]:
    value = event.get(name)
    return [] if value is None else value if isinstance(value, list) else [value]


def _moments(value: Any) -> list[Any]:
    many = getattr(value, "dts", None)
    return [one.dt for one in many] if many is not None else [getattr(value, "dt", None)]


def _is_lost(moment: Any, *, whole_days: bool) -> bool:
    """Return whether nobody knows when it is: a time of an unknown zone, unless it only names one of whole days."""
    is_day = whole_days and isinstance(moment, datetime) and moment.time() == time()
    return isinstance(moment, datetime) and moment.tzinfo is None and not is_day


def _comparable(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _title(event: Part) -> str:
    return f"“{str(event.get('SUMMARY', ''))[:60]}”" if event.get("SUMMARY") else "without a title"


def _short(wrong: object) -> str:
    return " ".join(str(wrong).split())[:200].rstrip(".") or type(wrong).__name__
