"""What a person resolved although its monitor still fires, and whether it still does."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# The resolve of a person ends all alerts in its own instant. That a monitor cleared one later is kept with the alert,
# as an event that found nothing open; received when the resolve was under way, it may be a little older than that.
# Prometheus repeats what fires: what it vouches for no more has ended, also where it has not come to say so.
_STILL_FIRING = text("""
    SELECT a.id, s.resolves_with_last_alert AS ends, (
        SELECT min(other.number) FROM alerts o JOIN incidents other ON other.id = o.incident_id
        WHERE o.service_id = a.service_id AND o.dedup_sha = a.dedup_sha AND o.status = 'open'
    ) AS elsewhere
    FROM incidents i JOIN services s ON s.id = i.service_id JOIN alerts a ON a.incident_id = i.id
        JOIN integrations n ON n.id = a.integration_id
    WHERE i.id = :id AND i.status = 'resolved' AND i.undo->>'verb' = 'resolve'
        AND a.status = 'resolved' AND a.resolved_at = i.resolved_at
        AND NOT EXISTS (
            SELECT FROM events e WHERE e.incident_id = i.id AND e.received_at > i.resolved_at - interval '1 minute'
                AND e.alert_id = a.id AND e.action = 'resolve' AND e.verdict = 'nothing open'
        )
        AND (n.provider <> 'prometheus' OR EXISTS (
            SELECT FROM alert_expiries x WHERE x.ended_at IS NULL AND x.service_id = a.service_id
                AND x.dedup_sha = a.dedup_sha
            UNION ALL
            SELECT FROM rerouted_keys r JOIN alert_expiries x ON x.service_id = r.service_id AND x.dedup_sha = r.own_sha
                WHERE r.service_id = n.service_id AND r.to_service_id = a.service_id AND r.to_sha = a.dedup_sha
                    AND x.ended_at IS NULL
        ))
    ORDER BY a.id
""")


@dataclass(frozen=True, slots=True)
class StillFiring:
    """The alerts that a person's resolve ended and no monitor has cleared since.

    `elsewhere` is the number of an incident that is open for one of them by now. `ends`: the incident would resolve
    by itself with the last of them.
    """

    alerts: tuple[UUID, ...]
    elsewhere: int | None
    ends: bool

    @property
    def may_rest(self) -> bool:
        """Whether the incident may be kept quiet until it clears, instead of being resolved."""
        return bool(self.alerts) and self.ends and self.elsewhere is None


async def still_firing(session: AsyncSession, incident_id: UUID) -> StillFiring:
    """Return which alerts of an incident its monitors still report although a person has resolved it.

    None where it is not resolved, or not by a person.
    """
    rows = (await session.execute(_STILL_FIRING, {"id": incident_id})).all()
    elsewhere = min((row.elsewhere for row in rows if row.elsewhere is not None), default=None)
    return StillFiring(tuple(row.id for row in rows), elsewhere, ends=any(row.ends for row in rows))
