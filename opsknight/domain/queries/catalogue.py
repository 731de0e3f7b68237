"""What ingest needs to know of every integration, read whole and kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.expression_evaluation import Surroundings
from opsknight.domain.model.rule_set import RuleSet
from opsknight.domain.queries.rules import rule_sets


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
    rules: tuple[RuleSet, ...] = field(default=(), repr=False, compare=False)
    """Those that are asked about what it sends: of all services, then of its own; () where there are none."""

    def around(self, at: datetime) -> Surroundings:
        """Return what a rule can ask of an event of this integration besides what it says itself."""
        return Surroundings(self.name, self.provider, self.service, self.tags.get("team", ""), at)


_INTEGRATIONS = text("""
    SELECT i.id, i.key, i.former_key, i.provider, i.name, i.mapping, i.secret, i.former_secret,
           s.id AS service_id, s.name AS service, s.urgency_mode, s.runbook_url,
           s.tags || jsonb_build_object('team', t.name) AS tags,
           s.ack_timeout_high_s, s.ack_timeout_low_s, s.reopen_window_s, s.resolves_with_last_alert
    FROM integrations i JOIN services s ON s.id = i.service_id JOIN teams t ON t.id = s.team_id
    WHERE i.active
""")


async def integrations(session: AsyncSession) -> Mapping[str, Integration]:
    """Return every active integration by its key, and by its former key where that is live still."""
    sets = await rule_sets(session)
    known: dict[str, Integration] = {}
    for row in await session.execute(_INTEGRATIONS):
        rules = tuple(sets[scope] for scope in (None, row.service_id) if scope in sets)
        known[row.key] = _integration(row, rules)
        if row.former_key is not None:
            known[row.former_key] = known[row.key]
    return known


def _integration(row: Row[*tuple[Any, ...]], rules: tuple[RuleSet, ...]) -> Integration:
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
        rules=rules,
    )
