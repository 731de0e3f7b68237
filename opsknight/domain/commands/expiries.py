"""Alerts whose monitor repeats them, and which end when it stops.

A row stands for a key, not for an alert: it is written first, so that no fault between the two leaves
an alert that nothing would ever end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text

from opsknight.domain.commands import alerts
from opsknight.domain.commands.held import hold, settle
from opsknight.domain.model.hearing import counts_from
from opsknight.domain.model.incident import Verb, transition
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries.hearing import hearing
from opsknight.domain.store.tables import AlertRow, ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork

ENDED_KEPT = timedelta(minutes=10)
"""For how long an end is remembered, so that a lagging peer of the same monitor is known as such."""
LISTEN = timedelta(seconds=150)
"""Prometheus repeats every minute; twice that, and a little."""
STEP = 200
"""Alerts ended in one transaction."""

_NOTE = text("""
    INSERT INTO alert_expiries (service_id, dedup_sha, expires_at, ended_at)
    SELECT :service_id, u.sha, u.expires_at, u.ended_at
    FROM unnest(CAST(:shas AS bytea[]), CAST(:expires AS timestamptz[]), CAST(:ended AS timestamptz[]))
        AS u (sha, expires_at, ended_at)
    ON CONFLICT (service_id, dedup_sha) DO UPDATE SET
        expires_at = greatest(alert_expiries.expires_at, excluded.expires_at),
        ended_at = greatest(alert_expiries.ended_at, excluded.ended_at)
""")
_BEGIN_ANEW = text("""
    DELETE FROM alert_expiries e
    USING unnest(CAST(:shas AS bytea[]), CAST(:started AS timestamptz[])) AS u (sha, started_at)
    WHERE e.service_id = :service_id AND e.dedup_sha = u.sha AND u.started_at > e.ended_at
""")
"""A condition that began after the last one had ended is a new one."""
_ENDED = text("""
    SELECT e.dedup_sha, e.ended_at, a.started_at
    FROM alert_expiries e CROSS JOIN LATERAL (
        SELECT last.started_at FROM (
            SELECT e.service_id, e.dedup_sha
            UNION SELECT s.to_service_id, s.to_sha FROM rerouted_keys s
                WHERE s.service_id = e.service_id AND s.own_sha = e.dedup_sha
        ) place CROSS JOIN LATERAL (
            SELECT r.id, r.started_at FROM alerts r
            WHERE r.service_id = place.service_id AND r.dedup_sha = place.dedup_sha AND r.status = 'resolved'
            ORDER BY r.id DESC LIMIT 1
        ) last ORDER BY last.id DESC LIMIT 1
    ) a
    WHERE e.service_id = :service_id AND e.dedup_sha = ANY(CAST(:shas AS bytea[])) AND e.ended_at IS NOT NULL
""")
"""Also where rules have sent them, as with _OPEN."""
_DUE = text("""
    DELETE FROM alert_expiries WHERE (service_id, dedup_sha) IN (
        SELECT service_id, dedup_sha FROM alert_expiries WHERE expires_at <= :now
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING service_id, dedup_sha
""")
_OPEN = text("""
    WITH own AS (SELECT * FROM unnest(CAST(:services AS bigint[]), CAST(:shas AS bytea[])) AS u (service_id, sha)),
    place AS (
        SELECT service_id, sha FROM own
        UNION SELECT r.to_service_id, r.to_sha FROM own o
            JOIN rerouted_keys r ON r.service_id = o.service_id AND r.own_sha = o.sha
    )
    SELECT a.id, a.incident_id, a.title
    FROM alerts a JOIN place u ON a.service_id = u.service_id AND a.dedup_sha = u.sha
    WHERE a.status = 'open' ORDER BY a.incident_id, a.id
""")
"""Also where rules have sent them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a monitor says of one key: it fires until `expires_at` unless repeated, or it `ended_at`."""

    sha: bytes
    started_at: datetime | None
    expires_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a key's last alert was told first: when it started, and when its monitor said it had ended."""

    started_at: datetime | None
    ended_at: datetime


async def note(uow: UnitOfWork, service_id: int, told: Sequence[Told]) -> dict[bytes, Ended]:
    """Remember what a monitor says, before its alerts are stored; return what of it ended a moment ago.

    Of several monitors that watch the same, the one that vouches longest counts.
    """
    latest = sorted({one.sha: one for one in told}.values(), key=lambda one: one.sha)  # all lock in one order
    begun = [one for one in latest if one.ended_at is None and one.started_at is not None]
    where = {"service_id": service_id}
    columns = {"shas": [one.sha for one in begun], "started": [one.started_at for one in begun]}
    await uow.session.execute(_BEGIN_ANEW, where | columns)
    await uow.session.execute(
        _NOTE,
        {
            **where,
            "shas": [one.sha for one in latest],
            "expires": [one.expires_at or uow.now + ENDED_KEPT for one in latest],
            "ended": [one.ended_at for one in latest],
        },
    )
    rows = await uow.session.execute(_ENDED, where | {"shas": [one.sha for one in begun]})
    return {row.dedup_sha: Ended(row.started_at, row.ended_at) for row in rows}


async def end_due(uow: UnitOfWork) -> int:
    """End the alerts that nobody vouches for any more, one step of them; return how many keys that were.

    None while we cannot hear, and for LISTEN after we could not: monitors are given the time to repeat themselves.
    """
    if counts_from(await hearing(uow.session), uow.now, patience=LISTEN, at=uow.now) > uow.now:
        return 0
    due = (await uow.session.execute(_DUE, {"now": uow.now, "limit": STEP})).all()
    if not due:
        return 0
    keys = {"services": [row.service_id for row in due], "shas": [row.dedup_sha for row in due]}
    of_incidents: dict[UUID, list[Row[Any]]] = {}
    for row in await uow.session.execute(_OPEN, keys):
        of_incidents.setdefault(row.incident_id, []).append(row)
    for incident_id, expired in of_incidents.items():
        await _end(uow, incident_id, expired)
    return len(due)


async def _end(uow: UnitOfWork, incident_id: UUID, expired: Sequence[Row[Any]]) -> None:
    """Resolve alerts of one incident, and the incident with its last one."""
    held = await hold(uow, incident_id)
    ended = set(await alerts.resolve_these(uow, [row.id for row in expired]))
    if not ended:
        return
    still_open = await uow.session.scalar(
        select(func.count()).where(AlertRow.incident_id == incident_id, AlertRow.status == "open")
    )
    for row in expired:
        if row.id in ended:
            uow.record(Fact.ALERT_EXPIRED, incident_id=incident_id, title=row.title, open_alerts=still_open)
    resolves = await uow.session.scalar(
        select(ServiceRow.resolves_with_last_alert).where(ServiceRow.id == held.row.service_id)
    )
    after = transition(held.before, Verb.RESOLVE)
    if still_open or not resolves or after is held.before:
        return
    told = await settle(uow, held, after, Verb.RESOLVE)
    uow.record(Fact.RESOLVED, incident_id=incident_id, **told)
