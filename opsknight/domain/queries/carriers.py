"""How the providers of channels have done lately: what arrived, what was lost, and of what nobody says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.carrying import NEWEST, WINDOW, Record
from opsknight.domain.model.channel import RECEIPT_WITHIN

WAITED_AT_MOST: Final = timedelta(hours=1)
"""How long before its attempt a message may have been made that still counts; the ids of messages tell their time."""
MANY: Final = 5_000
"""Messages that are looked at, the newest: a storm is known by a part of it."""

# Of refusals for good one for each address counts: a number that does not exist says nothing of who carries to it.
_RECORDS: Final = text("""
    WITH tried AS (
        SELECT n.channel, a.carrier, a.country, a.started_at,
            a.outcome = 'accepted' AND n.status IN ('delivered', 'seen') AS confirmed,
            a.outcome <> 'accepted' OR n.status = 'failed' AS lost,
            bool_or(a.outcome = 'accepted' AND n.status = 'delivered') OVER (PARTITION BY n.channel, a.carrier)
                AS confirms,
            row_number() OVER (PARTITION BY n.channel, a.carrier, a.country, n.contact_method_id, a.outcome
                ORDER BY a.started_at DESC) > 1 AND a.outcome = 'failed' AS known
        FROM (SELECT * FROM notifications WHERE id > :first AND channel = ANY(:channels) ORDER BY id DESC LIMIT :many) n
        JOIN attempts a ON a.notification_id = n.id
        JOIN unnest(CAST(:channels AS text[]), CAST(:befores AS timestamptz[])) r (channel, before)
            ON r.channel = n.channel
        WHERE a.started_at > :since AND a.carrier <> '' AND (a.outcome IN ('retry', 'failed', 'ambiguous')
            OR a.outcome = 'accepted' AND a.number = n.attempts AND (n.status IN ('delivered', 'seen', 'failed')
                OR n.status = 'accepted' AND a.finished_at <= r.before))
    ), newest AS (
        SELECT *, row_number() OVER (PARTITION BY channel, carrier, country ORDER BY started_at DESC) AS nth
        FROM tried WHERE NOT known
    )
    SELECT channel, country, carrier, count(*) FILTER (WHERE confirmed) AS confirmed,
        count(*) FILTER (WHERE NOT confirmed AND NOT lost) AS silent, count(*) FILTER (WHERE lost) AS lost,
        bool_or(confirms) AS confirms
    FROM newest WHERE nth <= :newest GROUP BY 1, 2, 3
""")

Records = Mapping[str, Mapping[str, Mapping[str, Record]]]
"""By channel, then country ("" where nobody knows), then carrier."""


async def carrier_records(session: AsyncSession, channels: Sequence[str], *, now: datetime) -> Records:
    """Return how the carriers of these channels have done with the NEWEST messages within WINDOW."""
    since = now - WINDOW
    key = {
        "channels": list(channels),
        "befores": [now - RECEIPT_WITHIN.get(channel, timedelta()) for channel in channels],
        "since": since,
        "first": UUID(int=int((since - WAITED_AT_MOST).timestamp() * 1000) << 80),
        "newest": NEWEST,
        "many": MANY,
    }
    found: dict[str, dict[str, dict[str, Record]]] = {}
    for row in await session.execute(_RECORDS, key):
        record = Record(row.confirmed, row.silent, row.lost, row.confirms)
        found.setdefault(row.channel, {}).setdefault(row.country, {})[row.carrier] = record
    return found
