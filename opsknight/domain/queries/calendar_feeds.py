"""Calendar links: whose there are, what each shows, and whether anybody reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from opsknight.crypto import sha256
from opsknight.domain.model.imported_shift import Known
from opsknight.domain.model.record import Record
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.queries.duties import records
from opsknight.domain.queries.escalations import schedules
from opsknight.domain.store.tables import (
    CalendarFeedRow,
    ScheduleRow,
    TeamMemberRow,
    TeamRow,
    UserRow,
)

_MAKER = aliased(UserRow)


class FeedLine(TypedDict):
    """One link; `of` is person, schedule or team, and `about` its name. Instants are epoch seconds.

    `read_by` is how the program that read it last calls itself.
    """

    id: int
    name: str
    of: str
    about: str
    schedule_id: int | None
    team_id: int | None
    with_gaps: bool
    made_by: str
    yours: bool
    created_at: float
    read_at: float | None
    read_by: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A live link: what it shows, under which name."""

    id: int
    title: str
    user_id: int | None
    schedule_id: int | None
    team_id: int | None
    with_gaps: bool
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a link's calendar is made of: schedules, what is recorded of each, and everybody, by number."""

    schedules: tuple[Schedule, ...]
    records: Mapping[int, Record]
    people: Mapping[int, Known]


async def feeds(session: AsyncSession, *, you: int, everybody: bool) -> Sequence[FeedLine]:
    """Return the live links that `you` may end, the newest first: with `everybody` all that there are.

    Without, they are those that you made, and those of schedules and teams whose team you manage.
    """
    theirs = select(TeamMemberRow.team_id).where(TeamMemberRow.user_id == you, TeamMemberRow.manages)
    yours = or_(
        CalendarFeedRow.made_by == you,
        CalendarFeedRow.team_id.in_(theirs),
        ScheduleRow.team_id.in_(theirs),
    )
    statement = (
        select(CalendarFeedRow, UserRow.name, ScheduleRow.name, TeamRow.name, _MAKER.name)
        .join(_MAKER, _MAKER.id == CalendarFeedRow.made_by)
        .outerjoin(UserRow, UserRow.id == CalendarFeedRow.user_id)
        .outerjoin(ScheduleRow, ScheduleRow.id == CalendarFeedRow.schedule_id)
        .outerjoin(TeamRow, TeamRow.id == CalendarFeedRow.team_id)
        .where(CalendarFeedRow.revoked_at.is_(None), true() if everybody else yours)
        .order_by(CalendarFeedRow.id.desc())
        .limit(1000)
    )
    return [_line(*row, you=you) for row in await session.execute(statement)]


async def feed_of(session: AsyncSession, token: str) -> Feed | None:
    """Return the live link that has `token`; None where there is none, or its maker's account is deactivated."""
    statement = (
        select(CalendarFeedRow, func.coalesce(ScheduleRow.name, TeamRow.name, _MAKER.name))
        .join(_MAKER, _MAKER.id == CalendarFeedRow.made_by)
        .outerjoin(ScheduleRow, ScheduleRow.id == CalendarFeedRow.schedule_id)
        .outerjoin(TeamRow, TeamRow.id == CalendarFeedRow.team_id)
        .where(CalendarFeedRow.token_sha == sha256(token), CalendarFeedRow.revoked_at.is_(None), _MAKER.active)
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    row, title = found
    return Feed(row.id, title, row.user_id, row.schedule_id, row.team_id, row.with_gaps, row.created_at, row.read_at)


async def content(session: AsyncSession, feed: Feed, *, start: datetime, end: datetime) -> Content:
    """Return the schedules that a link shows, by number, with what is recorded of `[start, end)`, and the people.

    One that was deleted meanwhile is among them for what was.
    """
    wanted = select(ScheduleRow.id).where(or_(ScheduleRow.deleted_at.is_(None), ScheduleRow.deleted_at > start))
    if feed.schedule_id is not None:
        wanted = wanted.where(ScheduleRow.id == feed.schedule_id)
    elif feed.team_id is not None:
        wanted = wanted.where(ScheduleRow.team_id == feed.team_id)
    ids = (await session.execute(wanted.order_by(ScheduleRow.id))).scalars().all()
    known, kept = await schedules(session, ids), await records(session, ids, start, end)
    shown = (known[one] for one in ids if one in known)
    if feed.user_id is not None:
        whose = feed.user_id
        shown = (one for one in shown if whose in one.people | one.shadowed_by or _is_in(kept.get(one.id or 0), whose))
    return Content(tuple(shown), kept, {one.id: one for one in await people(session)})


def _is_in(record: Record | None, user_id: int) -> bool:
    return record is not None and any(one.user_id == user_id for one in record.shifts)


async def people(session: AsyncSession) -> Sequence[Known]:
    """Return everybody as calendars may name them."""
    rows = await session.execute(select(UserRow.id, UserRow.name, UserRow.email, UserRow.active).order_by(UserRow.id))
    return [Known(*row) for row in rows]


def _line(
    row: CalendarFeedRow, user: str | None, schedule: str | None, team: str | None, maker: str, *, you: int
) -> FeedLine:
    return FeedLine(
        id=row.id,
        name=row.name,
        of="schedule" if row.schedule_id else "team" if row.team_id else "person",
        about=schedule or team or user or "",
        schedule_id=row.schedule_id,
        team_id=row.team_id,
        with_gaps=row.with_gaps,
        made_by=maker,
        yours=row.made_by == you,
        created_at=row.created_at.timestamp(),
        read_at=row.read_at.timestamp() if row.read_at else None,
        read_by=row.read_by,
    )
