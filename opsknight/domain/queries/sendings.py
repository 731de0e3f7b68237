"""How each carrier of each channel fared lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LATELY: Final = timedelta(hours=1)

# Ids of attempts rise with time, so their primary key finds the newest.
_LATELY: Final = text("""
    SELECT n.channel, a.carrier, count(*) AS tried,
        count(*) FILTER (WHERE a.outcome = 'accepted') AS accepted,
        count(*) FILTER (WHERE a.outcome = 'retry') AS retried,
        count(*) FILTER (WHERE a.outcome = 'ambiguous') AS ambiguous,
        count(*) FILTER (WHERE a.outcome = 'failed') AS failed
    FROM attempts a JOIN notifications n ON n.id = a.notification_id
    WHERE a.id > :since AND a.started_at >= :since_at AND a.outcome <> 'started'
    GROUP BY n.channel, a.carrier ORDER BY n.channel, tried DESC, a.carrier
""")


class SendingLine(TypedDict):
    """How often one carrier of a channel was called in the last hour, and how those calls ended."""

    channel: str
    carrier: str
    tried: int
    accepted: int
    retried: int
    ambiguous: int
    failed: int


async def sendings(session: AsyncSession, *, at: datetime) -> Sequence[SendingLine]:
    """Return how the calls of the hour before `at` ended, by channel and carrier; what is under way is not counted."""
    since = at - LATELY
    first = UUID(int=int(since.timestamp() * 1000) << 80)
    return [
        SendingLine(
            channel=row.channel,
            carrier=row.carrier,
            tried=row.tried,
            accepted=row.accepted,
            retried=row.retried,
            ambiguous=row.ambiguous,
            failed=row.failed,
        )
        for row in await session.execute(_LATELY, {"since": first, "since_at": since})
    ]
