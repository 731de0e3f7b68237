"""Incidents that rest without anybody having said so: judged anew when their time comes, kept, and given back.

Everything here reads how things stand in the database; the ingest lane has `quieting` for its batches.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Row, text

from opsknight.domain.commands.quieting import actor_of, flaps_of, told_of
from opsknight.domain.model.flapping import Limits
from opsknight.domain.model.intake import OWN_KEYS
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.maintenance import Window
from opsknight.domain.model.matcher import Subject
from opsknight.domain.model.silencing import (
    Cause,
    Silence,
    Silencing,
    Source,
    inhibited,
    soonest,
    under_maintenance,
)
from opsknight.domain.queries import silencing
from opsknight.domain.store.silences import KEEP_ONE
from opsknight.domain.store.unit_of_work import UnitOfWork

_ALERTS = text("""
    SELECT a.incident_id, a.dedup_key, a.dedup_sha, a.title, a.source, a.component, a.severity, a.service_id,
        s.name AS service, t.name AS team, s.tags || jsonb_build_object('team', t.name) || a.tags AS tags,
        f.changes, f.since
    FROM alerts a JOIN services s ON s.id = a.service_id JOIN teams t ON t.id = s.team_id
    LEFT JOIN flaps f ON f.service_id = a.service_id AND f.dedup_sha = a.dedup_sha
    WHERE a.incident_id = ANY(:ids) AND a.status || '' = 'open' ORDER BY a.incident_id, a.id
""")
_SOURCES = text("""
    SELECT n.rule_id, n.equals, n.alert_id, n.incident_id, n.title
    FROM inhibitors n JOIN alerts a ON a.id = n.alert_id AND a.status || '' = 'open' ORDER BY n.alert_id
""")
_KEPT = text("""
    SELECT s.incident_id, s.reason, s.paused_until FROM silences s JOIN incidents i ON i.id = s.incident_id
    WHERE s.incident_id = ANY(:ids) AND i.status = 'suppressed' AND i.until IS NOT DISTINCT FROM s.until
""")
_FORGET = text("DELETE FROM silences WHERE incident_id = :id RETURNING cause")

Sources: TypeAlias = Mapping[tuple[int, bytes], Source]


@dataclass(slots=True)
class Standing:
    """How an incident stands: how many of its alerts fire, and the silence that keeps all of them quiet, if any."""

    firing: int = 0
    silence: Silence | None = None
    before: str = ""
    """The reason for which it rested until now without anybody having said so."""
    paused_until: datetime | None = None
    """Until when a rule lets it wait, also where that reason is over before."""


async def standings(uow: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, Standing]:
    """Return how the incidents `ids` stand, whose rest is over; of those with a silence, why they rested."""
    if not ids:
        return {}
    found = await judge(uow, ids)
    for row in await uow.session.execute(_KEPT, {"ids": list(ids)}):
        standing = found[row.incident_id]
        standing.before, standing.paused_until = row.reason, row.paused_until
    return found


async def judge(
    uow: UnitOfWork, ids: Collection[UUID], *, only: tuple[Window, ...] | None = None
) -> dict[UUID, Standing]:
    """Return how the incidents `ids` stand now; with `only`, as if nothing but these windows kept anything quiet."""
    alerts = (await uow.session.execute(_ALERTS, {"ids": list(ids)})).all()
    if only is None:
        of_services = await silencing.of_services(uow.session, list({row.service_id for row in alerts}))
        has_targets = any(one.targets for one in of_services.values())
        sources: Sources = await _open_sources(uow) if has_targets else {}
    else:
        of_services, sources = {row.service_id: Silencing(windows=only) for row in alerts}, {}
    judged: dict[UUID, list[Silence | None]] = {incident_id: [] for incident_id in ids}
    for row in alerts:
        judged[row.incident_id].append(_silence(row, of_services[row.service_id], sources, uow.now))
    return {incident_id: Standing(len(found), soonest(found)) for incident_id, found in judged.items()}


async def keep(uow: UnitOfWork, incident_id: UUID, silence: Silence, *, paused_until: datetime | None = None) -> None:
    """Remember why an incident rests, and write the fact; the caller has suppressed it until `silence.until`.

    Where that is over before `paused_until`, it waits until then.
    """
    source = silence.source
    values: dict[str, Any] = {
        "incident_id": incident_id,
        "cause": silence.cause.value,
        "reason": silence.reason,
        "until": silence.until,
        "window_id": silence.window_id,
        "rule_id": silence.rule_id,
        "equals": silence.equals,
        "source_alert_id": None if source is None else source.alert_id,
        "source_incident_id": None if source is None else source.incident_id,
        "paused_until": paused_until,
        "now": uow.now,
    }
    await uow.session.execute(KEEP_ONE, values)
    told = told_of(silence, uow.now)
    uow.record(Fact.SUPPRESSED, incident_id=incident_id, actor=actor_of(silence), **told)


async def wait_on(uow: UnitOfWork, incident_id: UUID, *, before: str, until: datetime) -> None:
    """Let a silence end before a rule's pause, and write the fact; the caller has suppressed it until then."""
    await forget(uow, incident_id)
    told = {"reason": f"{before}: that is over, and a rule lets it wait", "until": until.isoformat()}
    for_s = (until - uow.now).total_seconds()
    uow.record(Fact.SUPPRESSED, incident_id=incident_id, actor="timer:pause", **told, for_s=for_s)


async def forget(uow: UnitOfWork, incident_id: UUID) -> bool:
    """Let a silence end by what a person has said instead; return whether there was one."""
    return (await uow.session.execute(_FORGET, {"id": incident_id})).first() is not None


def _silence(row: Row[Any], its: Silencing, sources: Sources, now: datetime) -> Silence | None:
    """Return what keeps one open alert quiet, if anything does."""
    subject = Subject(row.service, row.team, row.severity, row.title, row.source, row.component, row.tags)
    found = under_maintenance(its.windows, subject, now) or inhibited(its.targets, subject, sources)
    if found is None and its.limits is not None and row.changes is not None and not _is_own(row):
        return _flapping(row, its.limits, now)
    return found


def _flapping(row: Row[Any], limits: Limits, now: datetime) -> Silence | None:
    flaps = flaps_of(row.changes, row.since).calmed(limits, now)
    if flaps.since is None:
        return None
    return Silence(Cause.FLAPPING, "its alert is flapping", flaps.calm_at(limits))


def _is_own(row: Row[Any]) -> bool:
    return row.dedup_key.startswith(OWN_KEYS)


async def _open_sources(uow: UnitOfWork) -> Sources:
    sources: dict[tuple[int, bytes], Source] = {}
    for row in await uow.session.execute(_SOURCES):
        sources.setdefault((row.rule_id, row.equals), Source(row.alert_id, row.incident_id, row.title))
    return sources
