"""What the database says of the house's health."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.hearing import Hearing
from opsknight.domain.model.readiness import NOTHING_CAUGHT, Caught
from opsknight.domain.model.restored import Waiting
from opsknight.domain.queries.calendar_sources import Stale, stale
from opsknight.domain.queries.canaries import unproven
from opsknight.domain.queries.costs import this_month
from opsknight.domain.queries.hearing import hearing
from opsknight.domain.queries.notifications import troubles
from opsknight.domain.queries.restored import waiting
from opsknight.domain.store.partitions import months_ahead

_OLDEST_DUE = text("""
    SELECT least(
        (SELECT min(due_at) FROM timers
         WHERE dead_at IS NULL AND due_at < :now AND (lease_until IS NULL OR lease_until < :now)),
        (SELECT min(due_at) FROM notifications WHERE finished_at IS NULL AND attempts = 0 AND due_at < :now
           AND (lease_until IS NULL OR lease_until < :now)),
        (SELECT min(due_at) FROM notifications WHERE finished_at IS NULL AND attempts > 0 AND due_at < :now
           AND (lease_until IS NULL OR lease_until < :now))
    )
""")


_CAUGHT = text("""
    SELECT count(*), count(*) FILTER (WHERE NOT was_paged) FROM (
        SELECT t.due_at, i.id, i.generation, EXISTS (SELECT FROM pages p
            WHERE p.incident_id = i.id AND p.generation = i.generation AND p.kind IN ('page', 'assigned')) AS was_paged
        FROM timers t JOIN incidents i ON i.id = t.subject
        WHERE t.kind = 'safety_net' AND i.status = 'open') armed
    WHERE due_at <= :now OR NOT was_paged OR EXISTS (SELECT FROM pages p
        WHERE p.incident_id = armed.id AND p.generation = armed.generation AND p.kind = 'safety_net')
""")
"""A timer of the safety net alone may still be the last wait of its policy."""


_COUNTED_ON = text("""
    SELECT DISTINCT m.channel FROM contact_methods m JOIN users u ON u.id = m.user_id
    WHERE u.active AND m.verified_at IS NOT NULL AND m.disabled_at IS NULL ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """`oldest_due_at` is when the oldest work that is due and held by nobody fell due, None when there is none.

    `troubles` are the channels that do not get through, with their provider's last words. `hearing` is
    whether monitors could reach us. `stale_calendars` could not be read for more than a day.
    `costs` are what texts and calls of this month have cost, by currency. `caught` are in the safety net. `unproven`
    says since when no canary arrived by a channel, `counted_on` by which channels people have asked to be reached.
    `restored` is what waits in a restored copy that nobody has armed.
    """

    months_ahead: int
    oldest_due_at: datetime | None
    troubles: Mapping[str, str] = field(default_factory=dict[str, str])
    hearing: Hearing | None = None
    stale_calendars: Sequence[Stale] = ()
    costs: Mapping[str, float] = field(default_factory=dict[str, float])
    caught: Caught = NOTHING_CAUGHT
    unproven: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    counted_on: Collection[str] = ()
    restored: Waiting | None = None


async def database_health(session: AsyncSession, *, now: datetime, flown: Collection[str] = ()) -> DatabaseHealth:
    """Return how far ahead there is room for rows, and how late the oldest due work is; `flown` have canaries."""
    oldest = (await session.execute(_OLDEST_DUE, {"now": now})).scalar_one()
    months, failing = await months_ahead(session, now=now), await troubles(session, now=now)
    calendars = await stale(session, at=now)
    spent = await this_month(session, now=now)
    caught = Caught(*(await session.execute(_CAUGHT, {"now": now})).one())
    silent, counted_on = await unproven(session, flown), (await session.execute(_COUNTED_ON)).scalars().all()
    restored = await waiting(session, now=now)
    return DatabaseHealth(
        months, oldest, failing, await hearing(session), calendars, spent, caught, silent, counted_on, restored
    )
