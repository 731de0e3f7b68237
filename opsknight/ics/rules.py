"""Recurrence rules, put so that the library repeats them as RFC 5545 means them, and as those mean who write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeAlias, cast
from zoneinfo import ZoneInfo

Rule: TypeAlias = Mapping[str, Any]
"""A rule as the library has it: each part a list of values."""

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKS: Final = {"MONTHLY": 5, "YEARLY": 53}
_MONTH_DAYS: Final = 31


class BadRule(ValueError):
    """A rule that names no times; the text goes on after the event, and is for a person."""


def spell_out(rule: Rule, begin: date) -> None:
    """Say of `rule`, whose event begins at `begin`, what RFC 5545 leaves to be understood and the library does not.

    Plain weekdays beside counted ones (every Wednesday and the third Monday) are each of the month or the year: the
    library takes only days that are both. Weeks of a year without a weekday mean that of the beginning: the
    library takes all seven.

    Raises:
        BadRule: it comes again every 0 times, which the library counts for ever, or on a day that no month has.
    """
    if any(int(every) < 1 for every in rule.get("INTERVAL", [])):
        raise BadRule("comes again after no time at all: its INTERVAL must be 1 or more.")
    for day in rule.get("BYMONTHDAY", []):
        if not 1 <= abs(int(day)) <= _MONTH_DAYS:
            raise BadRule(f"comes again on day {day} of a month, which no month has.")
    often = str(next(iter(rule.get("FREQ", [])), "")).upper()
    weekdays = [str(day).upper() for day in rule.get("BYDAY", [])]
    if often in _WEEKS and len({day in _DAYS for day in weekdays}) > 1:
        most = _WEEKS["MONTHLY" if "BYMONTH" in rule else often]
        _set(
            rule,
            "BYDAY",
            [f"{week}{day}" for day in weekdays for week in (range(1, most + 1) if day in _DAYS else [""])],
        )
    if often == "YEARLY" and "BYWEEKNO" in rule and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & rule.keys():
        _set(rule, "BYDAY", [_DAYS[begin.weekday()]])


def end_by_the_clock(rule: Rule, begin: date, here: ZoneInfo) -> None:
    """Let a rule of times that ends with a day, or with a time of no zone, end by the clock of the event.

    RFC 5545 wants UTC there; programs that write a day mean the whole of it. An event without a zone is `here`.
    A rule of days wants a day.
    """
    ends = rule.get("UNTIL", [])
    if not ends:
        return
    last = ends[0]
    if not isinstance(begin, datetime):
        _set(rule, "UNTIL", [day_of(last, here)])
        return
    if not isinstance(last, datetime):
        last = datetime.combine(last, time(23, 59, 59))
    if last.tzinfo is None and begin.tzinfo is not None:
        last = last.replace(tzinfo=begin.tzinfo).astimezone(UTC)
    elif last.tzinfo is not None and begin.tzinfo is None:
        last = last.astimezone(here).replace(tzinfo=None)
    _set(rule, "UNTIL", [last])


def day_of(moment: date, here: ZoneInfo) -> date:
    """Return the day that is meant where a day is wanted: the day of a time by its own clock.

    Of an instant in UTC it is the day that it is `here`; but midnight in UTC is a day in disguise.
    """
    if not isinstance(moment, datetime):
        return moment
    in_utc = moment.tzinfo is not None and moment.tzinfo in (UTC, ZoneInfo("UTC"))
    return (moment.astimezone(here) if in_utc and moment.time() != time() else moment).date()


def _set(rule: Rule, part: str, values: list[Any]) -> None:
    cast("dict[str, Any]", rule)[part] = values
