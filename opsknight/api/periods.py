"""The period of a report, as an address carries it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from fastapi import Query

from opsknight.domain.model.period import BadPeriod, period
from opsknight.errors import Invalid

_SAYS = "a day as 2026-11-24, which begins at its midnight, or an instant as 2026-11-24T09:00:00+01:00"
From: TypeAlias = Annotated[str | None, Query(alias="from", max_length=40, description=f"{_SAYS}; else this month")]
To: TypeAlias = Annotated[str | None, Query(alias="to", max_length=40, description=f"{_SAYS}; itself left out")]


def asked_for(since: str | None, until: str | None, *, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return the period `[start, end)` that is asked for, by the days of `zone`.

    Raises:
        Invalid: it cannot be read, or is empty or too long.
    """
    try:
        return period(since, until, zone=zone, now=now)
    except BadPeriod as refusal:
        raise Invalid(str(refusal)) from refusal
