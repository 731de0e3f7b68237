"""What ingest needs to know of every integration, read whole and kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.event import Severity, Urgency, urgency_of
from opsknight.domain.model.silencing import Silencing
from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries import silencing


@dataclass(frozen=True, slots=True)
class Integration:
    """An integration with what its service says; the same one for both of its keys."""

    id: int
    key: str
    provider: str
    name: str
    mapping: Mapping[str, object]
    service_id: int
    service: str
    urgency_mode: str
    runbook_url: str
    tags: Mapping[str, str]
    ack_timeouts_s: Mapping[str, int | None]
    reopen_window: timedelta
    resolves_with_last_alert: bool
    actor: str
    """Who a fact of what it sends names: "integration:7"."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Those of which one must have signed what it sends, the current one first; () where nothing is checked."""
    support_hours: SupportHours | None = None
    """When the service pages loudly, where its urgency goes by that."""
    silencing: Silencing | None = None
    """What can keep its alerts quiet; None where nothing can."""

    @property
    def may_reopen(self) -> bool:
        """Whether a trigger can take back an incident that is resolved."""
        return bool(self.reopen_window) or (self.silencing is not None and self.silencing.limits is not None)

    def urgency_of(self, severity: Severity, at: datetime) -> Urgency:
        """Return how loudly the service pages for `severity` at `at`."""
        hours = self.support_hours
        return urgency_of(severity, self.urgency_mode) if hours is None else hours.urgency(at)


_INTEGRATIONS = text("""
    SELECT i.id, i.key, i.former_key, i.provider, i.name, i.mapping, i.secret, i.former_secret,
           s.id AS service_id, s.name AS service, s.urgency_mode, s.runbook_url,
           s.tags || jsonb_build_object('team', t.name) AS tags,
           s.team_id, t.name AS team, s.flap_limits,
           CASE s.urgency_mode WHEN 'support_hours' THEN s.support_hours END AS support_hours,
           s.ack_timeout_high_s, s.ack_timeout_low_s, s.reopen_window_s, s.resolves_with_last_alert
    FROM integrations i JOIN services s ON s.id = i.service_id JOIN teams t ON t.id = s.team_id
    WHERE i.active
""")


async def integrations(session: AsyncSession, *, at: datetime | None = None) -> Mapping[str, Integration]:
    """Return every active integration by its key, and by its former key where that is live still.

    Maintenance that is over at `at` is left out, where that is said.
    """
    known: dict[str, Integration] = {}
    everything = await silencing.known(session, at=at)
    for row in await session.execute(_INTEGRATIONS):
        known[row.key] = _integration(row, everything)
        if row.former_key is not None:
            known[row.former_key] = known[row.key]
    return known


def _integration(row: Row[*tuple[Any, ...]], everything: silencing.Known) -> Integration:
    its = {"service_id": row.service_id, "team_id": row.team_id, "service": row.service, "team": row.team}
    hours = row.support_hours
    return Integration(
        id=row.id,
        key=row.key,
        provider=row.provider,
        name=row.name,
        mapping=row.mapping,
        service_id=row.service_id,
        service=row.service,
        urgency_mode=row.urgency_mode,
        runbook_url=row.runbook_url,
        tags=row.tags,
        ack_timeouts_s={"high": row.ack_timeout_high_s, "low": row.ack_timeout_low_s},
        reopen_window=timedelta(seconds=row.reopen_window_s),
        resolves_with_last_alert=row.resolves_with_last_alert,
        actor=f"integration:{row.id}",
        secrets=tuple(secret for secret in (row.secret, row.former_secret) if secret),
        support_hours=None if hours is None else SupportHours.from_json(hours),
        silencing=everything.of(**its, limits=row.flap_limits) or None,
    )
