"""Alerts of the past, as a rule meets them in its preview: some at a time, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.event import Action, Event, Link, Severity
from opsknight.domain.model.expression_evaluation import Surroundings
from opsknight.domain.model.rule_preview import Past

AT_ONCE: Final = 200
"""Alerts in one read."""

# Ids rise with time: the newest are found through the primary key, and the others are never looked at.
_PAST = text("""
    SELECT a.id, a.title, a.severity, a.source, a.component, a.dedup_key, a.tags, a.links, a.details, a.urgency,
        a.opened_at, a.resolved_at, i.number, coalesce(n.name, '') AS integration,
        coalesce(n.provider, '') AS provider, s.name AS service,
        t.name AS team,
        CASE WHEN i.created_at = a.opened_at THEN (
            SELECT count(*) FROM pages p WHERE p.incident_id = i.id AND p.kind IN ('page', 'assigned', 'safety_net')
        ) ELSE 0 END AS pages
    FROM (
        SELECT * FROM alerts WHERE id < :before AND id > :after AND opened_at >= :since
            AND (CAST(:service_id AS bigint) IS NULL OR service_id = :service_id)
            AND integration_id IS NOT NULL AND NOT starts_with(dedup_key, 'opsknight:')
        ORDER BY id DESC LIMIT :limit
    ) a
    JOIN incidents i ON i.id = a.incident_id LEFT JOIN integrations n ON n.id = a.integration_id
    JOIN services s ON s.id = a.service_id JOIN teams t ON t.id = s.team_id
    ORDER BY a.id DESC
""")
_LAST: Final = UUID(int=2**128 - 1)
_SKEW: Final = timedelta(days=1)
"""How far the clock that makes ids may differ from the database's."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some alerts, the newest first, and where the next piece begins; None where there are no more."""

    alerts: Sequence[Past]
    before: UUID | None


async def past_alerts(
    session: AsyncSession, *, service_id: int | None, since: datetime, before: UUID | None = None
) -> Piece:
    """Return the newest alerts that a service, or all services (None), have had since, from `before` back."""
    after = UUID(int=int((since - _SKEW).timestamp() * 1000) << 80)
    values = {"service_id": service_id, "since": since, "after": after, "before": before or _LAST, "limit": AT_ONCE}
    rows = (await session.execute(_PAST, values)).all()
    return Piece([_past(row) for row in rows], rows[-1].id if rows else None)


def _past(row: Any) -> Past:
    event = Event(
        action=Action.TRIGGER,
        dedup_key=row.dedup_key,
        title=row.title,
        severity=Severity(row.severity),
        source=row.source,
        component=row.component,
        tags=row.tags,
        links=tuple(Link(link.get("href", ""), link.get("text", "")) for link in row.links),
        details=row.details,
    )
    return Past(
        event=event,
        around=Surroundings(row.integration, row.provider, row.service, row.team, row.opened_at),
        incident=row.number,
        urgency=row.urgency,
        lasted=None if row.resolved_at is None else row.resolved_at - row.opened_at,
        pages=row.pages,
    )
