"""Imported calendars: what each was read as, how old that is, and which are to be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit

import orjson
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.crypto import sha256
from opsknight.domain.store.tables import CalendarSourceRow, LayerRow, ScheduleRow, TeamMemberRow, UserRow
from opsknight.errors import NotFound

EVERY: Final = timedelta(minutes=15)
"""How often a calendar is read again."""
STALE_AFTER: Final = timedelta(hours=24)
"""A calendar that cannot be read for longer is an alarm: nobody may know that its shifts have changed."""
NO_CALENDAR: Final = "There is no such calendar in this schedule."


class SourceLine(TypedDict):
    """One imported calendar; instants are epoch seconds. `url` is its host alone to who may not change it.

    It `brings` shifts, which make a layer, or holidays. `read_at` says how old those in use are; `failing_since` and
    `error` why they are not newer.
    """

    id: int
    schedule_id: int
    layer_id: int | None
    name: str
    url: str
    zone: str
    brings: str
    shifts: int
    holidays: int
    warnings: list[str]
    read_at: float
    tried_at: float
    failing_since: float | None
    error: str
    stale: bool
    made_by: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """What is needed to read a calendar again.

    `etag` is "" where the server must not answer that it is unchanged: the copy is old, or no longer what was read.
    """

    id: int
    url: str
    zone: str
    etag: str
    brings_holidays: bool


@dataclass(frozen=True, slots=True)
class Stale:
    """A calendar that could not be read for more than a day."""

    name: str
    schedule: str
    since: datetime
    error: str


async def sources(session: AsyncSession, schedule_id: int, *, at: datetime, with_urls: bool) -> Sequence[SourceLine]:
    """Return the calendars that a schedule imports, by name.

    Raises:
        NotFound: there is no such schedule.
    """
    await schedule_zone(session, schedule_id)
    found = _lines().where(CalendarSourceRow.schedule_id == schedule_id).order_by(func.lower(CalendarSourceRow.name))
    return [_line(*row, at=at, with_urls=with_urls) for row in await session.execute(found)]


async def imported_layers(session: AsyncSession, schedule_id: int) -> Mapping[int, str]:
    """Return which layers of a schedule have their shifts from a calendar, and what that is called."""
    wanted = select(CalendarSourceRow.layer_id, CalendarSourceRow.name).order_by(CalendarSourceRow.id)
    rows = await session.execute(wanted.where(CalendarSourceRow.schedule_id == schedule_id))
    return {row.layer_id: row.name for row in rows if row.layer_id is not None}


async def source(
    session: AsyncSession, schedule_id: int, source_id: int, *, at: datetime, with_urls: bool
) -> SourceLine:
    """Return one calendar of a schedule.

    Raises:
        NotFound: it imports no such calendar.
    """
    wanted = _lines().where(CalendarSourceRow.schedule_id == schedule_id, CalendarSourceRow.id == source_id)
    row = (await session.execute(wanted)).one_or_none()
    if row is None:
        raise NotFound(NO_CALENDAR)
    return _line(*row, at=at, with_urls=with_urls)


async def sees_urls(session: AsyncSession, user_id: int, schedule_id: int) -> bool:
    """Return whether a person may see whole addresses, which can be secrets: who manages the team, and admins."""
    manages = select(TeamMemberRow.user_id).where(
        TeamMemberRow.team_id == ScheduleRow.team_id, TeamMemberRow.user_id == user_id, TeamMemberRow.manages
    )
    admin = select(UserRow.id).where(UserRow.id == user_id, UserRow.role == "admin")
    statement = select(or_(manages.exists(), admin.exists())).where(ScheduleRow.id == schedule_id)
    return bool(await session.scalar(statement))


async def schedule_zone(session: AsyncSession, schedule_id: int) -> str:
    """Return the zone of a schedule.

    Raises:
        NotFound: there is no such schedule.
    """
    wanted = select(ScheduleRow.zone).where(ScheduleRow.id == schedule_id, ScheduleRow.deleted_at.is_(None))
    zone = (await session.execute(wanted)).scalar_one_or_none()
    if zone is None:
        raise NotFound("There is no such schedule.")
    return zone


async def due(session: AsyncSession, *, at: datetime, limit: int = 200) -> Sequence[Source]:
    """Return the calendars that were not tried for a while, those that wait longest first."""
    statement = (
        _read_again()
        .where(CalendarSourceRow.tried_at <= at - EVERY, ScheduleRow.deleted_at.is_(None))
        .order_by(CalendarSourceRow.tried_at)
        .limit(limit)
    )
    return [_source(*row, at=at) for row in await session.execute(statement)]


async def to_read(session: AsyncSession, schedule_id: int, source_id: int) -> Source:
    """Return what is needed to read a calendar again, whatever its server says has not changed.

    Raises:
        NotFound: the schedule imports no such calendar, or it was uploaded.
    """
    wanted = _read_again().where(CalendarSourceRow.id == source_id, CalendarSourceRow.schedule_id == schedule_id)
    row = (await session.execute(wanted)).one_or_none()
    if row is None:
        raise NotFound(f"{NO_CALENDAR[:-1]}, or it was uploaded and has no address.")
    return Source(row[0].id, row[0].url, row[0].zone, "", row[0].days is not None)


async def stale(session: AsyncSession, *, at: datetime) -> Sequence[Stale]:
    """Return the calendars that could not be read for more than a day, the longest first."""
    statement = (
        select(CalendarSourceRow.name, ScheduleRow.name, CalendarSourceRow.failing_since, CalendarSourceRow.error)
        .join(ScheduleRow, ScheduleRow.id == CalendarSourceRow.schedule_id)
        .where(CalendarSourceRow.failing_since < at - STALE_AFTER, ScheduleRow.deleted_at.is_(None))
        .order_by(CalendarSourceRow.failing_since)
        .limit(100)
    )
    return [Stale(*row) for row in await session.execute(statement)]


def shifts_sha(shifts: Any) -> bytes:
    """Return what tells one list of shifts from another, however the database writes its numbers."""
    return sha256(orjson.dumps([[float(start), float(end), users] for start, end, users in shifts]))


def _read_again() -> Any:  # a select of the row and its layer's shifts
    return (
        select(CalendarSourceRow, LayerRow.shifts)
        .outerjoin(LayerRow, LayerRow.id == CalendarSourceRow.layer_id)
        .join(ScheduleRow, ScheduleRow.id == CalendarSourceRow.schedule_id)
        .where(CalendarSourceRow.url != "")
    )


def _source(row: CalendarSourceRow, shifts: Any, *, at: datetime) -> Source:
    is_fresh = at - row.read_at < STALE_AFTER and shifts_sha(shifts or ()) == row.shifts_sha
    return Source(row.id, row.url, row.zone, row.etag if is_fresh else "", row.days is not None)


def _lines() -> Any:  # a select of the row, how many shifts it has, and who made it
    return (
        select(CalendarSourceRow, func.coalesce(func.jsonb_array_length(LayerRow.shifts), 0), UserRow.name)
        .outerjoin(LayerRow, LayerRow.id == CalendarSourceRow.layer_id)
        .outerjoin(UserRow, UserRow.id == CalendarSourceRow.made_by)
    )


def _line(row: CalendarSourceRow, shifts: int, made_by: str | None, *, at: datetime, with_urls: bool) -> SourceLine:
    since = row.failing_since
    return SourceLine(
        id=row.id,
        schedule_id=row.schedule_id,
        layer_id=row.layer_id,
        name=row.name,
        url=row.url if with_urls else urlsplit(row.url).hostname or "",
        zone=row.zone,
        brings="shifts" if row.days is None else "holidays",
        shifts=shifts,
        holidays=sum(day >= at.date().isoformat() for day in row.days or ()),
        warnings=row.warnings,
        read_at=row.read_at.timestamp(),
        tried_at=row.tried_at.timestamp(),
        failing_since=since.timestamp() if since else None,
        error=row.error,
        stale=since is not None and at - since > STALE_AFTER,
        made_by=made_by,
    )
