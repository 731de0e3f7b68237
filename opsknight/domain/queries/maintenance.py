"""Maintenance windows as people and programs see them. Instants are epoch seconds, spans are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import matcher
from opsknight.domain.model.maintenance import Span, Window
from opsknight.domain.queries.silencing import window_of
from opsknight.domain.store.tables import MaintenanceWindowRow, ServiceRow, TeamRow, UserRow
from opsknight.errors import NotFound

PAST_AT_MOST = 50
"""How many windows that are over are shown."""
_READ_AT_MOST = 1000
_RESTING = text("""
    SELECT s.window_id, count(*) AS many FROM silences s JOIN incidents i ON i.id = s.incident_id
    WHERE s.window_id = ANY(:ids) AND i.status = 'suppressed' AND i.until IS NOT DISTINCT FROM s.until
    GROUP BY s.window_id
""")


class TimeLine(TypedDict):
    """One time of a window: `[start_at, end_at)`."""

    start_at: float
    end_at: float


class WindowLine(TypedDict):
    """One window; `now` is its running time, `next` the one after, `last` the newest that is over.

    `resting` counts the incidents that it keeps quiet.
    """

    id: int
    name: str
    about: str
    service_id: int | None
    team_id: int | None
    matchers: list[dict[str, Any]]
    conditions: str
    times: str
    zone: str
    repeat: str
    state: str
    now: TimeLine | None
    next: TimeLine | None
    last: TimeLine | None
    cancelled_at: float | None
    planned_by: str | None
    resting: int


async def windows(session: AsyncSession, *, at: datetime) -> Sequence[WindowLine]:
    """Return the windows that run, soonest over first, then those to come, then the newest that are over."""
    statement = _lines().order_by(MaintenanceWindowRow.id.desc()).limit(_READ_AT_MOST)
    return await _told(session, [(*row,) for row in await session.execute(statement)], at)


async def window(session: AsyncSession, window_id: int, *, at: datetime) -> WindowLine:
    """Return one window.

    Raises:
        NotFound: there is no such window.
    """
    rows = [(*row,) for row in await session.execute(_lines().where(MaintenanceWindowRow.id == window_id))]
    if not rows:
        raise NotFound("There is no such maintenance window.")
    return (await _told(session, rows, at))[0]


async def running(session: AsyncSession, *, at: datetime) -> Sequence[WindowLine]:
    """Return the windows that run at `at`, soonest over first."""
    live = _lines().where(MaintenanceWindowRow.cancelled_at.is_(None))
    rows = [(*row,) for row in await session.execute(live)]
    return await _told(session, [row for row in rows if window_of(row[0]).now(at) is not None], at)


def _lines() -> Any:  # a select of the row and the names beside it
    return (
        select(MaintenanceWindowRow, ServiceRow.name, TeamRow.name, UserRow.name)
        .outerjoin(ServiceRow, ServiceRow.id == MaintenanceWindowRow.service_id)
        .outerjoin(TeamRow, TeamRow.id == MaintenanceWindowRow.team_id)
        .outerjoin(UserRow, UserRow.id == MaintenanceWindowRow.created_by)
    )


async def _told(session: AsyncSession, rows: Sequence[tuple[Any, ...]], at: datetime) -> Sequence[WindowLine]:
    resting: dict[int, int] = {}
    if rows:
        counted = await session.execute(_RESTING, {"ids": [row.id for row, *_ in rows]})
        resting = {row.window_id: row.many for row in counted}
    found = [_line(*row, at=at, resting=resting.get(row[0].id, 0)) for row in rows]
    past = [one for one in found if one["state"] in ("over", "cancelled")]
    live = [one for one in found if one["state"] not in ("over", "cancelled")]
    return sorted(live, key=_soonest) + sorted(past, key=_newest)[:PAST_AT_MOST]


def _line(
    row: Any, service: str | None, team: str | None, planned_by: str | None, *, at: datetime, resting: int
) -> WindowLine:
    found = window_of(row)
    now, following = found.now(at), found.next_after(at)
    about = service or (f"every service of {team}" if team else "every service")
    return WindowLine(
        id=row.id,
        name=row.name,
        about=about,
        service_id=row.service_id,
        team_id=row.team_id,
        matchers=row.matchers,
        conditions=matcher.words(found.matchers) if found.matchers else "",
        times=found.times.words(),
        zone=row.zone,
        repeat=row.repeat,
        state=_state(found, now, following),
        now=_time(now),
        next=_time(following),
        last=_time(found.last_before(at)),
        cancelled_at=row.cancelled_at.timestamp() if row.cancelled_at else None,
        planned_by=planned_by,
        resting=resting,
    )


def _state(found: Window, now: Span | None, following: Span | None) -> str:
    if now is not None:
        return "running"
    if following is not None:
        return "planned"
    return "cancelled" if found.cancelled_at is not None else "over"


def _time(one: Span | None) -> TimeLine | None:
    return None if one is None else TimeLine(start_at=one.start_at.timestamp(), end_at=one.end_at.timestamp())


def _soonest(line: WindowLine) -> tuple[bool, float]:
    now, following = line["now"], line["next"]
    return now is None, now["end_at"] if now else following["start_at"] if following else 0.0


def _newest(line: WindowLine) -> tuple[float, int]:
    last = line["last"]
    return -(last["end_at"] if last else line["cancelled_at"] or 0.0), -line["id"]


async def scopes(session: AsyncSession) -> Mapping[str, str]:
    """Return what a window can be of: "" for everything, `team:3` and `service:7`, each with its words."""
    teams = (await session.execute(select(TeamRow.id, TeamRow.name).order_by(TeamRow.name, TeamRow.id))).all()
    services = (
        await session.execute(
            select(ServiceRow.id, ServiceRow.name).where(ServiceRow.archived_at.is_(None)).order_by(ServiceRow.name)
        )
    ).all()
    return {
        **{f"service:{row.id}": row.name for row in services},
        **{f"team:{row.id}": f"Every service of {row.name}" for row in teams},
        "": "Every service there is",
    }
