"""How fast pages went out in the last hour, by what was written down of each attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.service_level import (
    DUE_TO_HANDOFF_S,
    EVENT_TO_HANDOFF_S,
    MOST,
    WITHIN,
    ServiceLevel,
    ServiceLevels,
)

_APART: Final = timedelta(minutes=10)
"""How far the clock by which ids are made may be from the database's."""

# An attempt's id begins with its time: the newest are read, and what they are of is looked up by its key. What waits
# for another try is due again: how late the last one was is known no more. Canaries are of no incident.
LEVELS: Final = text("""
    WITH begun AS MATERIALIZED (
        SELECT notification_id, number, started_at FROM attempts
        WHERE id > :id AND started_at > :since ORDER BY id DESC LIMIT :most
    ), took AS (
        SELECT extract(epoch FROM b.started_at - n.due_at)::float8 AS since_due_s,
            n.attempts = b.number AND n.due_at <= b.started_at AS tells,
            CASE WHEN b.number = 1 AND n.position = 0 AND p.step = 0 AND p.lap = 0 AND p.generation = 1
                    AND p.kind = 'page' AND i.created_at <= b.started_at
                THEN extract(epoch FROM b.started_at - i.created_at)::float8 END AS since_event_s
        FROM begun b
        JOIN notifications n ON n.id = b.notification_id
        JOIN pages p ON p.id = n.page_id
        JOIN incidents i ON i.id = n.incident_id
    )
    SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY since_event_s) AS event_p99_s, count(since_event_s) AS events,
        percentile_disc(0.99) WITHIN GROUP (ORDER BY since_due_s) FILTER (WHERE tells) AS due_p99_s,
        count(*) FILTER (WHERE tells) AS due
    FROM took
""")


async def service_levels(session: AsyncSession, *, now: datetime) -> ServiceLevels:
    """Return what was kept in the hour before `now`, of the newest MOST messages at most."""
    since = now - WITHIN
    oldest = UUID(int=int((since - _APART).timestamp() * 1000) << 80)
    row = (await session.execute(LEVELS, {"id": oldest, "since": since, "most": MOST})).one()
    return ServiceLevels(
        ServiceLevel(EVENT_TO_HANDOFF_S, row.event_p99_s, row.events),
        ServiceLevel(DUE_TO_HANDOFF_S, row.due_p99_s, row.due),
    )
