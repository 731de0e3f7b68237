"""How canaries fare: the last of each channel, and how often and how fast they arrived lately."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypedDict

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.canary import OWN, Flight

LATELY: Final = timedelta(hours=1)
TAKEN: Final = ("accepted", "delivered", "seen")

_NEWEST: Final = text("""
    SELECT due_at, taken_at, outcome FROM canaries WHERE channel = :channel AND taken_at IS NOT NULL
    ORDER BY due_at DESC LIMIT 1
""")
# One that has arrived since the last minute is not settled yet; what its sender wrote proves it all the same.
_OWN: Final = text("""
    SELECT c.due_at, coalesce(c.taken_at, a.finished_at) AS taken_at, coalesce(a.outcome, c.outcome) AS outcome
    FROM canaries c LEFT JOIN attempts a
        ON c.taken_at IS NULL AND a.notification_id = c.notification_id AND a.outcome = 'accepted'
    WHERE c.channel = :channel AND coalesce(c.taken_at, a.finished_at) IS NOT NULL
    ORDER BY c.due_at DESC LIMIT 1
""")
# By each channel, the first that has not arrived since the last that did; what its sender wrote proves one, as above.
_UNPROVEN: Final = text("""
    WITH flown AS (
        SELECT c.channel, c.due_at, c.taken_at IS NOT NULL OR EXISTS (SELECT FROM attempts a
            WHERE c.outcome = '' AND a.notification_id = c.notification_id AND a.outcome = 'accepted') AS taken
        FROM canaries c WHERE c.channel = ANY(:channels)),
    last AS (SELECT channel, max(due_at) AS due_at FROM flown WHERE taken GROUP BY channel)
    SELECT f.channel, min(f.due_at) AS since FROM flown f LEFT JOIN last l ON l.channel = f.channel
    WHERE f.due_at > coalesce(l.due_at, '-infinity') GROUP BY f.channel
""")
_STANDINGS: Final = text("""
    SELECT channel, count(*) AS ended, count(*) FILTER (WHERE taken_at IS NOT NULL) AS taken,
        max(taken_at) AS last_at, percentile_disc(0.5) WITHIN GROUP (ORDER BY taken_at - due_at) AS middle,
        max(taken_at - due_at) AS longest,
        (array_agg(outcome ORDER BY due_at DESC, notification_id DESC))[1] AS last_outcome
    FROM canaries WHERE due_at >= :since AND outcome <> '' AND channel <> :own GROUP BY channel ORDER BY channel
""")
_SPELLS: Final = text("SELECT from_at, to_at FROM blind_spells ORDER BY from_at DESC LIMIT 10")


class CanaryLine(TypedDict):
    """How the canaries of one channel fared in the last hour; lags in seconds, instants in epoch seconds."""

    channel: str
    ended: int
    taken: int
    last_at: float | None
    last_outcome: str
    middle_s: float | None
    longest_s: float | None


class SpellLine(TypedDict):
    """A time in which nothing proved that pages went out."""

    from_at: float
    to_at: float


async def newest_taken(session: AsyncSession, channel: str) -> Flight | None:
    """Return the newest canary of a channel that arrived, of those that were settled."""
    return await _newest(session, _NEWEST, channel)


async def own(session: AsyncSession) -> Flight | None:
    """Return the newest canary that OpsKnight itself took."""
    return await _newest(session, _OWN, OWN)


async def unproven(session: AsyncSession, channels: Collection[str]) -> Mapping[str, datetime]:
    """Return since when no canary arrived by those of `channels` whose last did not arrive, or not yet."""
    if not channels:
        return {}
    return {row.channel: row.since for row in await session.execute(_UNPROVEN, {"channels": list(channels)})}


async def _newest(session: AsyncSession, statement: TextClause, channel: str) -> Flight | None:
    row = (await session.execute(statement, {"channel": channel})).one_or_none()
    return None if row is None else Flight(row.due_at, row.taken_at, row.outcome)


async def standings(session: AsyncSession, *, at: datetime) -> Sequence[CanaryLine]:
    """Return how the canaries of each channel that has one fared lately."""
    rows = await session.execute(_STANDINGS, {"since": at - LATELY, "own": OWN})
    return [
        CanaryLine(
            channel=row.channel,
            ended=row.ended,
            taken=row.taken,
            last_at=None if row.last_at is None else row.last_at.timestamp(),
            last_outcome=row.last_outcome,
            middle_s=_seconds(row.middle),
            longest_s=_seconds(row.longest),
        )
        for row in rows
    ]


async def spells(session: AsyncSession) -> Sequence[SpellLine]:
    """Return the last times in which we were blind, newest first."""
    return [
        SpellLine(from_at=row.from_at.timestamp(), to_at=row.to_at.timestamp())
        for row in await session.execute(_SPELLS)
    ]


def _seconds(lag: timedelta | None) -> float | None:
    return None if lag is None else lag.total_seconds()
