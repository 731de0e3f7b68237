"""How loudly services page and when, and from when on their alerts count as flapping, as people see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries.silencing import limits_of
from opsknight.domain.store.tables import ServiceRow
from opsknight.errors import NotFound

_WORDS: Final[Mapping[str, str]] = {
    "severity": "Critical and error loudly, warning and info quietly",
    "high": "Always loudly",
    "low": "Always quietly",
}


class HoursLine(TypedDict):
    """Hours of one weekday, 1 is Monday; times are written as 09:00, the end of a day as 24:00."""

    weekday: int
    start: str
    end: str


class QuietLine(TypedDict):
    """One service: `mode` as it is set, in `words`; its hours, kept also where it does not go by them."""

    mode: str
    words: str
    zone: str
    parts: list[HoursLine]
    flapping: bool
    flapping_words: str
    start: int
    stop: int
    window_s: int


async def service_quiet(session: AsyncSession, service_id: int) -> QuietLine:
    """Return what is set for one service.

    Raises:
        NotFound: there is no such service.
    """
    row = (await session.execute(_lines().where(ServiceRow.id == service_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such service.")
    return _line(row)


async def every_quiet(session: AsyncSession) -> Mapping[int, QuietLine]:
    """Return what is set for every service, by its id."""
    return {row.id: _line(row) for row in await session.execute(_lines())}


def _lines() -> Any:  # a select of four columns
    return select(ServiceRow.id, ServiceRow.urgency_mode, ServiceRow.support_hours, ServiceRow.flap_limits)


def _line(row: Any) -> QuietLine:
    hours = None if row.support_hours is None else SupportHours.from_json(row.support_hours)
    limits = limits_of(row.flap_limits)
    by_hours = hours is not None and row.urgency_mode == "support_hours"
    return QuietLine(
        mode=row.urgency_mode,
        words=f"Loudly {hours.words()}; quietly outside" if hours and by_hours else _WORDS.get(row.urgency_mode, ""),
        zone="" if hours is None else hours.zone,
        parts=[] if hours is None else [_hours(*one) for one in hours.to_json()["parts"]],
        flapping=limits is not None,
        flapping_words="" if limits is None else f"An alert {limits.words()}",
        start=6 if limits is None else limits.start,
        stop=3 if limits is None else limits.stop,
        window_s=1800 if limits is None else int(limits.window.total_seconds()),
    )


def _hours(weekday: int, start_min: int, end_min: int) -> HoursLine:
    return HoursLine(weekday=weekday, start=_clock(start_min), end=_clock(end_min))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
