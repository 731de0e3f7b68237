"""Which open alerts keep others quiet: noted where a rule is made, and where an alert opens outside the ingest lane."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert

from opsknight.domain.model.inhibition import Inhibition
from opsknight.domain.model.matcher import Subject
from opsknight.domain.queries import silencing
from opsknight.domain.store.tables import InhibitorRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_READ_AT_MOST: Final = 20_000
"""Open alerts among which the sources of a new rule are looked for, the newest first."""

_ALERTS: Final = """
    SELECT a.id, a.incident_id, a.title, a.source, a.component, a.severity, s.name AS service, t.name AS team,
        s.tags || jsonb_build_object('team', t.name) || a.tags AS tags
    FROM alerts a JOIN services s ON s.id = a.service_id JOIN teams t ON t.id = s.team_id
"""
_OPEN = text(f"{_ALERTS} WHERE a.status = 'open' ORDER BY a.id DESC LIMIT :limit")
_THESE = text(f"{_ALERTS} WHERE a.id = ANY(:ids) AND a.status || '' = 'open'")


async def note(uow: UnitOfWork, ids: Collection[UUID]) -> None:
    """Note of which rules the alerts `ids`, which have opened in this unit, are sources."""
    rules = await silencing.rules(uow.session) if ids else ()
    if not rules:
        return
    for row in await uow.session.execute(_THESE, {"ids": list(ids)}):
        for rule in rules:
            await _note(uow, rule, row)


async def note_sources(uow: UnitOfWork, rule: Inhibition) -> int:
    """Note the open alerts that are sources of a rule; return how many."""
    found = 0
    for row in await uow.session.execute(_OPEN, {"limit": _READ_AT_MOST}):
        found += await _note(uow, rule, row)
    return found


async def _note(uow: UnitOfWork, rule: Inhibition, row: Row[Any]) -> bool:
    subject = Subject(row.service, row.team, row.severity, row.title, row.source, row.component, row.tags)
    if not rule.is_source(subject):
        return False
    its = {"rule_id": rule.id, "equals": rule.equals(subject), "alert_id": row.id}
    noted = insert(InhibitorRow).values(**its, incident_id=row.incident_id, title=row.title)
    await uow.session.execute(noted.on_conflict_do_nothing())
    return True
