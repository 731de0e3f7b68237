"""How much an integration received, hour by hour, and how much of that was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

HOURS: Final = 24
MOST: Final = 20_000
"""Deliveries that are counted of one hour: what is more is as good as this for a chart, and costs no more."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The deliveries of the hour that begins at `starts_at`, at most MOST; `refused` are among them.

    Not among them is what was told to send again: `too_many` times because of how much came, `no_database`
    times because the database was away, the last time at `turned_at`. Nor is what did not prove that it was from
    its monitor: `unproven` times, the last at `unproven_at`.
    """

    starts_at: datetime
    deliveries: int
    refused: int
    too_many: int = 0
    no_database: int = 0
    turned_at: datetime | None = None
    unproven: int = 0
    unproven_at: datetime | None = None


# Both counts are read from indexes alone. The bounds of an hour name the partition.
_HOURS = text(f"""
    SELECT h.starts_at, (
        SELECT count(*) FROM (
            SELECT FROM deliveries d WHERE d.integration_id = :integration_id
                AND d.received_at >= h.starts_at AND d.received_at < h.starts_at + interval '1 hour'
            LIMIT {MOST}) every_one
    ) AS deliveries, (
        SELECT count(*) FROM (
            SELECT FROM deliveries d WHERE d.integration_id = :integration_id AND d.status <> 'accepted'
                AND d.received_at >= h.starts_at AND d.received_at < h.starts_at + interval '1 hour'
            LIMIT {MOST}) refused_one
    ) AS refused, coalesce(t.too_many, 0) AS too_many, coalesce(t.no_database, 0) AS no_database,
        CASE WHEN t.too_many + t.no_database > 0 THEN t.last_at END AS turned_at,
        coalesce(t.unproven, 0) AS unproven, t.unproven_at
    FROM generate_series(CAST(:first AS timestamptz), CAST(:last AS timestamptz), interval '1 hour') AS h (starts_at)
    LEFT JOIN turned_away t ON t.integration_id = :integration_id AND t.starts_at = h.starts_at
    ORDER BY h.starts_at
""")  # noqa: S608  # a number of ours


async def hours(session: AsyncSession, integration_id: int, *, now: datetime) -> Sequence[Hour]:
    """Return the last HOURS hours of the clock, the oldest first; the last one is the present hour, not yet whole."""
    last = now.replace(minute=0, second=0, microsecond=0)
    said = {"integration_id": integration_id, "first": last - timedelta(hours=HOURS - 1), "last": last}
    return [Hour(*row) for row in await session.execute(_HOURS, said)]
