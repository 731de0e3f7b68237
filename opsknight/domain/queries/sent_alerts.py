"""Alerts as their sender may see them again: those of its own kind of monitor in its integration's service.

Also where rules have put them under another key, or into another service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.event import dedup_sha

MOST_COUNTED: Final = 20_000
"""More alerts than this are not counted, nor passed over on the way to a later page."""
STATUSES: Final = ("open", "resolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which alerts of a service are meant: all of one `provider`, and of these only what else is given.

    `dedup_key` has its provider before it; `number` is an incident's. `status` is "open" or "resolved".
    `moves` says that rules may have put some of them elsewhere.
    """

    service_id: int
    provider: str
    alert_id: UUID | None = None
    number: int | None = None
    dedup_key: str | None = None
    status: str | None = None
    moves: bool = False


@dataclass(frozen=True, slots=True)
class SentAlert:
    """One alert with what its incident says. `until` is when that wakes, None where it does not sleep.

    `told_by` is the body of the newest delivery that told of it, where rules gave it another key; else None.
    """

    id: UUID
    dedup_key: str
    status: str
    severity: str
    title: str
    source: str
    component: str
    tags: dict[str, str]
    details: dict[str, Any]
    count: int
    opened_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    number: int
    incident_status: str
    acknowledged_at: datetime | None
    until: datetime | None
    updated_at: datetime
    integration_id: int | None
    integration: str | None
    told_by: bytes | None


_COLUMNS: Final = """
    a.id, a.dedup_key, a.status, a.severity, a.title, a.source, a.component, a.tags, a.details, a.count, a.opened_at,
    a.last_seen_at, a.resolved_at, i.number, i.status AS incident_status, i.acknowledged_at, i.until, i.updated_at,
    a.integration_id, g.name AS integration
"""
_INCIDENTS: Final = "JOIN incidents i ON i.id = a.incident_id"
_NAMED: Final = "LEFT JOIN integrations g ON g.id = a.integration_id"
_OURS: Final = f"FROM alerts a {_INCIDENTS}"
_SCOPE: Final = "WHERE a.service_id = :service_id AND starts_with(a.dedup_key, :scope)"
_MOVED: Final = f"""
    FROM (SELECT DISTINCT to_service_id, to_sha FROM rerouted_keys WHERE service_id = :service_id {{own}}) r
    JOIN alerts a ON a.service_id = r.to_service_id AND a.dedup_sha = r.to_sha {_INCIDENTS}
    JOIN LATERAL (
        SELECT d.body FROM events e
        JOIN integrations o ON o.id = e.integration_id AND o.service_id = :service_id AND o.provider = :provider
        LEFT JOIN deliveries d ON d.id = e.delivery_id
        WHERE e.incident_id = a.incident_id AND e.alert_id = a.id AND e.action = 'trigger'
        ORDER BY e.received_at DESC LIMIT 1
    ) said ON true
"""  # noqa: S608  # columns of ours
"""The rules' keys say nothing of a provider, so an event must show that one of its monitors told of the alert."""


async def sent_alert(session: AsyncSession, wanted: Wanted) -> SentAlert | None:
    """Return the alert that is meant; of several an open one, else the newest; None where there is none."""
    found = await session.execute(_page(wanted, "status, id DESC"), _values(wanted) | _span(1, 0))
    row = found.first()
    return None if row is None else SentAlert(*row)


async def sent_alerts(
    session: AsyncSession, wanted: Wanted, *, limit: int, offset: int, newest_first: bool
) -> Sequence[SentAlert]:
    """Return up to `limit` of the alerts that are meant, after the first `offset`, in order of their opening."""
    values = _values(wanted) | _span(limit, min(offset, MOST_COUNTED))
    return [
        SentAlert(*row) for row in await session.execute(_page(wanted, "id DESC" if newest_first else "id"), values)
    ]


async def count_sent_alerts(session: AsyncSession, wanted: Wanted) -> int:
    """Return how many alerts are meant, MOST_COUNTED at most."""
    branches = " UNION ALL ".join(f"SELECT 1 {found} {where}" for found, _, where in _branches(wanted))
    statement = text(f"SELECT count(*) FROM (SELECT 1 FROM ({branches}) one LIMIT {MOST_COUNTED}) counted")  # noqa: S608
    return (await session.execute(statement, _values(wanted))).scalar_one()


def _page(wanted: Wanted, order: str) -> TextClause:
    """Return the statement for a page in this order; each branch ends early, so that none is read to its end."""
    branches = " UNION ALL ".join(
        f"(SELECT {_COLUMNS}, {told_by} AS told_by {found} {_NAMED} {where} ORDER BY {order} LIMIT :upto)"
        for found, told_by, where in _branches(wanted)
    )
    return text(f"SELECT * FROM ({branches}) page ORDER BY {order} LIMIT :limit OFFSET :offset")  # noqa: S608


def _span(limit: int, offset: int) -> dict[str, int]:
    return {"limit": limit, "offset": offset, "upto": limit + offset}


def _branches(wanted: Wanted) -> list[tuple[str, str, str]]:
    """Return where to look for what is asked for: tables, the body that told of an alert, and condition.

    There is one for each status: its words must stand there for the index of that status.
    """
    given = (("a.id = :alert_id", wanted.alert_id), ("i.number = :number", wanted.number))
    more = "".join(f" AND {condition}" for condition, value in given if value is not None)
    is_keyed = wanted.dedup_key is not None
    places = [(_OURS, "NULL::bytea", f"{_SCOPE}{' AND a.dedup_sha = :sha' if is_keyed else ''} AND")]
    if wanted.moves:
        places.append((_MOVED.format(own="AND own_sha = :sha" if is_keyed else ""), "said.body", "WHERE"))
    statuses = [status for status in STATUSES if wanted.status in (None, status)]
    return [
        (found, told_by, f"{where} a.status = '{status}'{more}")
        for found, told_by, where in places
        for status in statuses
    ]


def _values(wanted: Wanted) -> dict[str, Any]:
    values: dict[str, Any] = {"service_id": wanted.service_id, "scope": f"{wanted.provider}:"}
    if wanted.moves:
        values["provider"] = wanted.provider
    if wanted.alert_id is not None:
        values["alert_id"] = wanted.alert_id
    if wanted.number is not None:
        values["number"] = wanted.number
    if wanted.dedup_key is not None:
        values["sha"] = dedup_sha(wanted.dedup_key)
    return values
