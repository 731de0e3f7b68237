"""What texts and calls have cost, for each month and carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypedDict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

MONTHS: Final = 12

# The index of these has only what has a cost.
_BY_MONTH: Final = text("""
    SELECT to_char(a.started_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, a.carrier, n.channel, a.currency,
        count(*) AS messages, sum(a.cost) AS cost
    FROM attempts a JOIN notifications n ON n.id = a.notification_id
    WHERE a.cost IS NOT NULL AND a.started_at >= :since
    GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4
""")
_SINCE: Final = text("""
    SELECT currency, sum(cost) AS cost FROM attempts WHERE cost IS NOT NULL AND started_at >= :since GROUP BY currency
""")


class CostLine(TypedDict):
    """What one channel has cost by one carrier in one month of UTC, as 2026-11; money is text, exactly."""

    month: str
    carrier: str
    channel: str
    currency: str
    messages: int
    cost: str


async def costs(session: AsyncSession, *, now: datetime) -> Sequence[CostLine]:
    """Return the costs of this month and of those before it, MONTHS in all, the newest first."""
    months = now.year * 12 + now.month - MONTHS
    since = _month(now).replace(year=months // 12, month=months % 12 + 1)
    return [
        CostLine(
            month=row.month,
            carrier=row.carrier,
            channel=row.channel,
            currency=row.currency,
            messages=row.messages,
            cost=format(row.cost.normalize(), "f"),
        )
        for row in await session.execute(_BY_MONTH, {"since": since})
    ]


async def this_month(session: AsyncSession, *, now: datetime) -> Mapping[str, float]:
    """Return what this month of UTC has cost so far, by currency."""
    return {row.currency: float(row.cost) for row in await session.execute(_SINCE, {"since": _month(now)})}


def _month(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
