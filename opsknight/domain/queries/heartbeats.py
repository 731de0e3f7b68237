"""Heartbeats as people and programs see them. Instants are epoch seconds, spans are seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.heartbeat import Heartbeat, State, heartbeat_of, standing
from opsknight.errors import NotFound


class HeartbeatLine(TypedDict):
    """One heartbeat as lists show it; its keys are None for whoever may not see them.

    `former_key` is live beside the key, None where there is none.
    `due_at` is when the next ping is expected, `deadline` when its silence opens an incident.
    """

    id: str
    name: str
    service: str
    service_id: int
    state: str
    urgency: str
    period_s: int | None
    cron: str
    zone: str
    grace_s: int
    rhythm: str
    last_ping_at: float | None
    last_duration_s: float | None
    started_at: float | None
    due_at: float | None
    deadline: float | None
    paused_until: float | None
    incident: int | None
    key: str | None
    former_key: str | None
    badge_key: str | None


class PingLine(TypedDict):
    """One ping that is kept."""

    number: int
    at: float
    signal: str
    exit_code: int | None
    duration_s: float | None
    sender: str
    body: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a ping needs to know before anything is locked."""

    id: UUID
    heartbeat: Heartbeat
    last_ping_at: datetime | None


_COLUMNS = "h.id, h.state, h.counted_from, h.started_at, h.paused_until, h.period_s, h.cron, h.zone, h.grace_s"
_LINES = f"""
    SELECT {_COLUMNS}, h.name, h.service_id, s.name AS service, h.urgency, h.last_ping_at, h.last_duration_s, h.key,
        h.former_key, h.badge_key, (
            SELECT i.number FROM alerts a JOIN incidents i ON i.id = a.incident_id
            WHERE a.service_id = h.service_id AND a.status = 'open'
              AND a.dedup_sha = sha256(convert_to('opsknight:heartbeat:' || h.id, 'UTF8'))
        ) AS incident
    FROM heartbeats h JOIN services s ON s.id = h.service_id
"""  # noqa: S608  # our own words
_LIVE = "JOIN services s ON s.id = h.service_id AND s.archived_at IS NULL"
_ALL = text(f"{_LINES} WHERE s.archived_at IS NULL ORDER BY lower(h.name), h.id")
_ONE = text(f"{_LINES} WHERE s.archived_at IS NULL AND h.id = :id")
_ITS_KEY = "(h.key = :key OR h.former_key = :key)"
_BY_KEY = text(f"SELECT {_COLUMNS}, h.last_ping_at FROM heartbeats h {_LIVE} WHERE {_ITS_KEY}")  # noqa: S608
_ARCHIVED = text(f"""
    SELECT h.service_id, h.id FROM heartbeats h JOIN services s ON s.id = h.service_id
    WHERE {_ITS_KEY} AND s.archived_at IS NOT NULL
""")  # noqa: S608
_BY_NAME = text(f"""
    SELECT {_COLUMNS}, h.last_ping_at FROM heartbeats h WHERE h.service_id = :service_id AND h.name = :name
""")  # noqa: S608
_BY_BADGE = text(f"SELECT {_COLUMNS}, h.name FROM heartbeats h {_LIVE} WHERE h.badge_key = :key")  # noqa: S608
_PINGS = text("""
    SELECT number, extract(epoch FROM at)::float8 AS at, signal, exit_code, duration_s, sender, body
    FROM heartbeat_pings WHERE heartbeat_id = :id ORDER BY number DESC
""")


async def heartbeats(session: AsyncSession, *, at: datetime, with_keys: bool) -> Sequence[HeartbeatLine]:
    """Return every heartbeat by name as it stands `at`; its keys only `with_keys`."""
    return [_line(row, at=at, with_keys=with_keys) for row in await session.execute(_ALL)]


async def heartbeat(session: AsyncSession, heartbeat_id: UUID, *, at: datetime, with_keys: bool) -> HeartbeatLine:
    """Return one heartbeat as it stands `at`.

    Raises:
        NotFound: there is none.
    """
    row = (await session.execute(_ONE, {"id": heartbeat_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such heartbeat; it may have been deleted, or its service archived.")
    return _line(row, at=at, with_keys=with_keys)


async def pings(session: AsyncSession, heartbeat_id: UUID) -> Sequence[PingLine]:
    """Return the pings of a heartbeat that are kept, newest first."""
    found = await session.execute(_PINGS, {"id": heartbeat_id})
    return [PingLine(**row) for row in found.mappings()]


async def known(session: AsyncSession, key: str) -> Known | None:
    """Return the heartbeat that pings with `key`, None where there is none."""
    row = (await session.execute(_BY_KEY, {"key": key})).one_or_none()
    return None if row is None else Known(row.id, value(row), row.last_ping_at)


async def of_archived(session: AsyncSession, key: str) -> tuple[int, str] | None:
    """Return whose key it was until its service was archived: the service's id, and "heartbeat:" with its own."""
    row = (await session.execute(_ARCHIVED, {"key": key})).one_or_none()
    return None if row is None else (row.service_id, f"heartbeat:{row.id}")


async def called(session: AsyncSession, *, service_id: int, name: str) -> Known | None:
    """Return the heartbeat of a service that has this name, None where there is none."""
    row = (await session.execute(_BY_NAME, {"service_id": service_id, "name": name})).one_or_none()
    return None if row is None else Known(row.id, value(row), row.last_ping_at)


async def badge(session: AsyncSession, badge_key: str, *, at: datetime) -> tuple[str, State] | None:
    """Return name and standing of the heartbeat whose badge has this key, None where there is none."""
    row = (await session.execute(_BY_BADGE, {"key": badge_key})).one_or_none()
    return None if row is None else (row.name, standing(value(row), at=at))


def _line(row: Any, *, at: datetime, with_keys: bool) -> HeartbeatLine:
    known = value(row)
    return HeartbeatLine(
        id=str(row.id),
        name=row.name,
        service=row.service,
        service_id=row.service_id,
        state=standing(known, at=at).value,
        urgency=row.urgency,
        period_s=row.period_s,
        cron=row.cron,
        zone=row.zone,
        grace_s=row.grace_s,
        rhythm=known.rhythm.words(),
        last_ping_at=_epoch(row.last_ping_at),
        last_duration_s=row.last_duration_s,
        started_at=_epoch(row.started_at),
        due_at=_epoch(known.expected_at),
        deadline=_epoch(known.deadline),
        paused_until=_epoch(row.paused_until),
        incident=row.incident,
        key=row.key if with_keys else None,
        former_key=row.former_key if with_keys else None,
        badge_key=row.badge_key if with_keys else None,
    )


def value(row: Any) -> Heartbeat:
    """Return a row as the model knows it."""
    return heartbeat_of(
        state=row.state,
        counted_from=row.counted_from,
        started_at=row.started_at,
        paused_until=row.paused_until,
        period_s=row.period_s,
        cron=row.cron,
        zone=row.zone,
        grace_s=row.grace_s,
    )


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
