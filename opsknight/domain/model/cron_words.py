"""A cron expression as people say it: “at 02:00 on weekdays”; nothing where that would be longer than it is worth."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from opsknight.domain.model.cron import Cron

_HOUR, _DAY = 60, 24
_ALL_DAYS: Final = frozenset(range(1, 32))
_ALL_MONTHS: Final = frozenset(range(1, 13))
_ALL_WEEKDAYS: Final = frozenset(range(7))
_WEEKDAYS: Final = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NAMED_WEEKDAYS: Final = {frozenset(range(1, 6)): "on weekdays", frozenset((0, 6)): "at weekends"}
_MOST: Final = 4
"""Times, days or months that are named one by one."""


def words(cron: Cron) -> str:
    """Return when it runs by the wall clock, "" where there are no short words for it."""
    times, days = _times(cron), _days(cron)
    if not times or days is None:
        return ""
    if days:
        return f"{times} {days}"
    return f"every day {times}" if times.startswith("at ") else times


def is_everywhere_the_same(cron: Cron) -> bool:
    """Return whether its words mean the same in every zone: it runs in each hour of each day."""
    return len(cron.hours) == _DAY and _is_daily(cron)


def _times(cron: Cron) -> str:
    minutes, hours = cron.minutes, cron.hours
    if len(minutes) == 1:
        return _once_an_hour(minutes[0], hours)
    step = _step(minutes, _HOUR)
    if not step:
        return _listed_times(minutes, hours)
    every = "every minute" if step == 1 else f"every {step} minutes"
    if minutes[0]:
        every += f" from minute {minutes[0]} on"
    if len(hours) == _DAY:
        return every
    if len(hours) == 1 or _is_range(hours):
        return f"{every} from {hours[0]:02}:00 to {hours[-1]:02}:59"
    return ""


def _once_an_hour(minute: int, hours: Sequence[int]) -> str:
    if len(hours) == _DAY:
        return "every hour" if minute == 0 else f"every hour at minute {minute}"
    step = _step(hours, _DAY)
    if step and not hours[0] and not minute and len(hours) > 1:
        return f"every {step} hours"
    if len(hours) > 2 and _is_range(hours):
        return f"every hour from {hours[0]:02}:{minute:02} to {hours[-1]:02}:{minute:02}"
    return _listed_times((minute,), hours)


def _listed_times(minutes: Sequence[int], hours: Sequence[int]) -> str:
    if len(minutes) * len(hours) > _MOST:
        return ""
    return f"at {_listed([f'{hour:02}:{minute:02}' for hour in hours for minute in minutes])}"


def _days(cron: Cron) -> str | None:
    """Return on which days, "" for every day, None where there are no words."""
    if _is_daily(cron):
        return ""
    by_date, by_weekday = _dates(cron), _weekdays(cron.weekdays)
    if cron.either:
        months = _months(cron.months)
        if by_date is None or months is None:
            return None
        both = f"{by_weekday} and {by_date}"
        return both if cron.months == _ALL_MONTHS else f"{by_weekday} {months}, and {by_date}"
    if cron.weekdays == _ALL_WEEKDAYS:
        return by_date
    if cron.days != _ALL_DAYS:
        return None
    months = _months(cron.months)
    return months if months is None else f"{by_weekday} {months}".strip()


def _dates(cron: Cron) -> str | None:
    months = _months(cron.months)
    if months is None:
        return None
    if cron.days == _ALL_DAYS:
        return months
    days = sorted(cron.days)
    if len(days) > 2 and _is_range(days):
        said = f"from the {_nth(days[0])} to the {_nth(days[-1])}"
    elif len(days) <= _MOST:
        said = f"on the {_listed([_nth(day) for day in days])}"
    else:
        return None
    if cron.months == _ALL_MONTHS:
        return f"{said} of each month"
    return f"{said} of {months.removeprefix('in ')}" if months.startswith("in ") else f"{said} of each month {months}"


def _months(months: Collection[int]) -> str | None:
    """Return in which months, "" for all."""
    ordered = sorted(months)
    if len(ordered) == len(_ALL_MONTHS):
        return ""
    if len(ordered) > 2 and _is_range(ordered):
        return f"from {_MONTHS[ordered[0] - 1]} to {_MONTHS[ordered[-1] - 1]}"
    if len(ordered) > _MOST:
        return None
    return f"in {_listed([_MONTHS[month - 1] for month in ordered])}"


def _weekdays(weekdays: frozenset[int]) -> str:
    if weekdays == _ALL_WEEKDAYS:
        return ""
    if weekdays in _NAMED_WEEKDAYS:
        return _NAMED_WEEKDAYS[weekdays]
    monday_first = sorted(weekdays, key=lambda day: (day - 1) % len(_WEEKDAYS))
    return f"on {_listed([_WEEKDAYS[day] for day in monday_first])}"


def _is_daily(cron: Cron) -> bool:
    if cron.months != _ALL_MONTHS:
        return False
    by_date, by_weekday = cron.days == _ALL_DAYS, cron.weekdays == _ALL_WEEKDAYS
    return by_date or by_weekday if cron.either else by_date and by_weekday


def _step(values: Sequence[int], whole: int) -> int:
    """Return by how much `values` rise, also from the last to the first of the next whole; 0 where that varies."""
    step = values[1] - values[0] if len(values) > 1 else whole
    return step if len(values) * step == whole and tuple(values) == tuple(range(values[0], whole, step)) else 0


def _is_range(values: Sequence[int]) -> bool:
    return values[-1] - values[0] == len(values) - 1


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _nth(day: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{day}{'th' if day // 10 == 1 else endings.get(day % 10, 'th')}"
