"""What an integration sent and what became of it: its last deliveries, their raw bodies, how many there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.errors import NotFound

SHOWN: Final = 50
"""Deliveries in one answer."""
SMALL: Final = 65_536
"""Bytes of a body that is read with many others."""
TOLD_APART: Final = 5
"""Events of a delivery that are shown one by one; of the others only the verdicts are counted."""
COUNTED: Final = 1000
"""Events of a delivery whose verdicts are counted."""


class EventLine(TypedDict):
    """One event and what it did; `incident` is the number of the incident that gathers it."""

    action: str
    title: str
    severity: str
    dedup_key: str
    verdict: str
    incident: int | None


class DeliveryLine(TypedDict):
    """One request as it was received. `verdicts` counts its events; `replayed` says that it was sent in again."""

    id: str
    at: float
    status: str
    reason: str
    content_type: str
    size: int
    events: list[EventLine]
    verdicts: dict[str, int]
    replayed: bool
    replay: bool


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery with its bytes, to be read again. `original_id` is itself, unless it was a replay.

    `headers` are those of its request that were kept, by lower-case name; the content type stands apart.
    """

    id: UUID
    original_id: UUID
    received_at: datetime
    integration_id: int
    status: str
    reason: str
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a delivery, or of a replay of it."""

    delivery_id: UUID
    action: str
    dedup_key: str
    verdict: str


_LAST: Final = """
    SELECT d.id, d.received_at, d.status, d.reason, d.content_type, octet_length(d.body) AS size,
           EXISTS (SELECT FROM replays r WHERE r.original_id = d.id) AS replayed,
           EXISTS (SELECT FROM replays r WHERE r.delivery_id = d.id) AS replay
    FROM deliveries d WHERE d.integration_id = :integration_id {and_where}
    ORDER BY d.received_at DESC, d.id DESC LIMIT :limit
"""
_ALL = text(_LAST.format(and_where=""))
_REFUSED = text(_LAST.format(and_where="AND d.status <> 'accepted'"))
# The parts of a large delivery are stored one after the other, the last no later than an hour after the first.
_OF_DELIVERY: Final = """
    e.delivery_id = d.id AND e.received_at >= d.received_at AND e.received_at < d.received_at + interval '1 hour'
    ORDER BY e.ordinal
"""
_DELIVERIES: Final = "unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS d (id, received_at)"
_EVENTS = text(f"""
    SELECT d.id, e.action, e.title, e.severity, e.dedup_key, e.verdict, i.number AS incident
    FROM {_DELIVERIES}
    CROSS JOIN LATERAL (SELECT e.* FROM events e WHERE {_OF_DELIVERY} LIMIT {TOLD_APART}) e
    LEFT JOIN incidents i ON i.id = e.incident_id
    ORDER BY e.delivery_id, e.ordinal
""")  # noqa: S608  # words and numbers of ours
_VERDICTS = text(f"""
    SELECT d.id, e.verdict, count(*) AS events
    FROM {_DELIVERIES}
    CROSS JOIN LATERAL (SELECT e.verdict FROM events e WHERE {_OF_DELIVERY} LIMIT {COUNTED}) e
    GROUP BY d.id, e.verdict
""")  # noqa: S608  # words and numbers of ours
_NEWEST = text("""
    SELECT received_at FROM deliveries WHERE integration_id = :integration_id ORDER BY received_at DESC LIMIT 1
""")
_BODIES = text("""
    SELECT d.id, d.id AS original_id, d.received_at, d.integration_id, d.status, d.reason, d.content_type, d.body,
           d.headers
    FROM (
        SELECT * FROM deliveries WHERE integration_id = :integration_id ORDER BY received_at DESC, id DESC LIMIT :limit
    ) d WHERE octet_length(d.body) <= :small
    ORDER BY d.received_at DESC, d.id DESC
""")
_FAMILY = text("""
    SELECT e.delivery_id, e.ordinal, e.action, e.dedup_key, e.verdict FROM events e
    WHERE e.delivery_id = :id OR e.delivery_id IN (SELECT r.delivery_id FROM replays r WHERE r.original_id = :id)
    ORDER BY e.delivery_id, e.ordinal
""")
_STORED = text("""
    SELECT d.id, d.received_at, d.integration_id, d.status, d.reason, d.content_type, d.body, d.headers,
           coalesce(r.original_id, d.id) AS original_id
    FROM deliveries d LEFT JOIN replays r ON r.delivery_id = d.id
    WHERE d.id = :id AND d.integration_id = :integration_id
""")


async def last_deliveries(
    session: AsyncSession, integration_id: int, *, refused: bool = False, limit: int = SHOWN
) -> Sequence[DeliveryLine]:
    """Return the newest deliveries of an integration, newest first; with `refused` only those not all understood."""
    said = {"integration_id": integration_id, "limit": limit}
    found = (await session.execute(_REFUSED if refused else _ALL, said)).all()
    if not found:
        return []
    which = {"ids": [row.id for row in found], "ats": [row.received_at for row in found]}
    events: dict[UUID, list[EventLine]] = {row.id: [] for row in found}
    verdicts: dict[UUID, dict[str, int]] = {row.id: {} for row in found}
    for row in await session.execute(_EVENTS, which):
        events[row.id].append(_event(row))
    for row in await session.execute(_VERDICTS, which):
        verdicts[row.id][row.verdict] = row.events
    return [_line(row, events[row.id], verdicts[row.id]) for row in found]


async def newest_at(session: AsyncSession, integration_id: int) -> datetime | None:
    """Return when an integration last received something, None when it never has."""
    return (await session.execute(_NEWEST, {"integration_id": integration_id})).scalar_one_or_none()


async def stored_delivery(session: AsyncSession, integration_id: int, delivery_id: UUID) -> StoredDelivery:
    """Return a delivery of an integration with its raw body.

    Raises:
        NotFound: there is none, or its retention is over.
    """
    row = (await session.execute(_STORED, {"id": delivery_id, "integration_id": integration_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such delivery; it may have been removed after its retention.")
    return _stored(row)


def _stored(row: Row[*tuple[Any, ...]]) -> StoredDelivery:
    return StoredDelivery(
        id=row.id,
        original_id=row.original_id,
        received_at=row.received_at,
        integration_id=row.integration_id,
        status=row.status,
        reason=row.reason,
        content_type=row.content_type,
        body=row.body,
        headers=row.headers or {},
    )


async def last_bodies(session: AsyncSession, integration_id: int) -> Sequence[StoredDelivery]:
    """Return those of the newest deliveries of an integration whose bodies are no longer than SMALL, newest first."""
    said = {"integration_id": integration_id, "limit": SHOWN, "small": SMALL}
    return [_stored(row) for row in await session.execute(_BODIES, said)]


async def stored_events(session: AsyncSession, original_id: UUID) -> Sequence[StoredEvent]:
    """Return the events of a delivery and of all its replays, those of each in order."""
    found = await session.execute(_FAMILY, {"id": original_id})
    return [StoredEvent(row.delivery_id, row.action, row.dedup_key, row.verdict) for row in found]


def _event(row: Row[*tuple[Any, ...]]) -> EventLine:
    return EventLine(
        action=row.action,
        title=row.title,
        severity=row.severity,
        dedup_key=row.dedup_key,
        verdict=row.verdict,
        incident=row.incident,
    )


def _line(row: Row[*tuple[Any, ...]], events: list[EventLine], verdicts: dict[str, int]) -> DeliveryLine:
    return DeliveryLine(
        id=str(row.id),
        at=row.received_at.timestamp(),
        status=row.status,
        reason=row.reason,
        content_type=row.content_type,
        size=row.size,
        events=events,
        verdicts=verdicts,
        replayed=row.replayed,
        replay=row.replay,
    )
