"""The period that a report is asked for: days of a zone, or instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.rotation import first_instant

LONGEST: Final = timedelta(days=3 * 366)
_EARLIEST, _LATEST = 2000, 2200


class BadPeriod(ValueError):
    """A period that cannot be asked for; the text is for a person."""


def period(since: str | None, until: str | None, *, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return `[start, end)` in UTC; each is a day, which begins at its midnight in `zone`, or an instant.

    Without a beginning it is that of the month that is now, or of the month of the end; without an end,
    one month later.

    Raises:
        BadPeriod: one of them cannot be read, or the period is empty or longer than LONGEST.
    """
    begins = None if since is None else instant(since, zone)
    ends = None if until is None else instant(until, zone)
    if begins is None:
        last = now if ends is None else ends - timedelta(microseconds=1)
        begins = _midnight(last.astimezone(zone).date().replace(day=1), zone)
    if ends is None:
        first = begins.astimezone(zone).date().replace(day=1)
        ends = _midnight((first + timedelta(days=32)).replace(day=1), zone)
    if not begins < ends:
        raise BadPeriod("The period is empty: “to” is the day after its last, and must be later than “from”.")
    if ends - begins > LONGEST:
        raise BadPeriod("Ask for three years at most.")
    return begins, ends


def instant(told: str, zone: ZoneInfo) -> datetime:
    """Return what `told` says: a day as 2026-11-24, or a time as 2026-11-24T09:00 or with its offset.

    Raises:
        BadPeriod: it says neither, or is not of this age.
    """
    try:
        at = datetime.fromisoformat(told.strip().replace(" ", "+"))  # a + of an address that nobody has quoted
    except ValueError:
        raise BadPeriod(f"“{told}” is no day; write one like 2026-11-24.") from None
    if not _EARLIEST <= at.year < _LATEST:
        raise BadPeriod(f"“{told}” is too far away: say a day of the years {_EARLIEST} to {_LATEST - 1}.")
    return first_instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return first_instant(datetime.combine(day, time(0)), zone)
