"""One incident in full: its alerts, its story, and who was paged. Instants are epoch seconds."""

from __future__ import annotations

from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.ledger import sentence
from opsknight.domain.queries import board, changes
from opsknight.domain.queries.board import BoardLine
from opsknight.domain.queries.changes import ChangeLine
from opsknight.domain.queries.paging_on import cursor, placed
from opsknight.domain.queries.people import actor_names
from opsknight.domain.queries.still_firing import still_firing
from opsknight.domain.store.tables import AlertRow, FactRow, IncidentRow
from opsknight.errors import NotFound

ALERTS_AT_MOST = 200
FACTS_A_PAGE = 100


class AlertLine(TypedDict):
    """One condition that the incident gathers."""

    id: str
    title: str
    source: str
    severity: str
    status: str
    count: int
    started_at: float | None
    opened_at: float
    last_seen_at: float
    resolved_at: float | None
    tags: dict[str, str]
    links: list[dict[str, str]]
    details: dict[str, Any]
    dedup_key: str


class Detail(TypedDict):
    """An incident with what it gathers, where to look, and what was changed on its service shortly before.

    `keep_quiet`: a person has resolved it while its monitor still fires, and may keep it quiet until it clears instead.
    """

    incident: BoardLine
    alerts: list[AlertLine]
    links: list[dict[str, str]]
    tags: dict[str, str]
    runbook_url: str
    changes: list[ChangeLine]
    keep_quiet: bool


class FactLine(TypedDict):
    """One thing that happened, told as a sentence."""

    at: float
    kind: str
    actor: str
    actor_name: str
    sentence: str
    data: dict[str, Any]


class Timeline(TypedDict):
    """A page of the story, newest first; `more` is the cursor of what happened before, None at the beginning."""

    facts: list[FactLine]
    more: str | None


async def find(session: AsyncSession, key: str) -> UUID:
    """Return the id of the incident that `key` names: its id or its number, with or without #.

    Raises:
        NotFound: there is none, or the key is neither.
    """
    number = key.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 18:
        which: ColumnElement[bool] = IncidentRow.number == int(number)
    else:
        try:
            which = IncidentRow.id == UUID(key)
        except ValueError:
            raise NotFound(f"“{key}” is no incident's number.") from None
    found = (await session.execute(select(IncidentRow.id).where(which))).scalar_one_or_none()
    if found is None:
        raise NotFound(f"There is no incident {key}; it may have been removed after its retention.")
    return found


async def detail(session: AsyncSession, incident_id: UUID) -> Detail:
    """Return one incident in full; of its alerts the ALERTS_AT_MOST newest, open ones first.

    Raises:
        NotFound: there is no such incident.
    """
    line = await board.line(session, incident_id)
    about = select(IncidentRow.links, IncidentRow.tags, IncidentRow.service_id, IncidentRow.created_at)
    links, tags, service_id, opened_at = (await session.execute(about.where(IncidentRow.id == incident_id))).one()
    newest = (
        select(AlertRow)
        .where(AlertRow.incident_id == incident_id)
        .order_by(AlertRow.status, AlertRow.opened_at.desc(), AlertRow.id.desc())
        .limit(ALERTS_AT_MOST)
    )
    return Detail(
        incident=line,
        alerts=[_alert(row) for row in (await session.execute(newest)).scalars()],
        links=links,
        tags=tags,
        runbook_url=line["runbook_url"],
        changes=await changes.suspects(session, service_id, opened_at=opened_at),
        keep_quiet=line["status"] == "resolved" and (await still_firing(session, incident_id)).may_rest,
    )


async def timeline(session: AsyncSession, incident_id: UUID, *, before: str | None = None) -> Timeline:
    """Return at most FACTS_A_PAGE facts of an incident, newest first, from the cursor `before` on.

    Raises:
        NotFound: there is no such incident.
        Invalid: the cursor is not one of ours.
    """
    opened = await session.execute(select(IncidentRow.created_at).where(IncidentRow.id == incident_id))
    opened_at = opened.scalar_one_or_none()
    if opened_at is None:
        raise NotFound("There is no such incident; it may have been removed after its retention.")
    place = (FactRow.at, FactRow.xid, FactRow.seq)
    statement = (
        select(FactRow.at, FactRow.xid, FactRow.seq, FactRow.kind, FactRow.actor, FactRow.data)
        .where(FactRow.incident_id == incident_id, FactRow.at >= opened_at)
        .order_by(*(column.desc() for column in place))
        .limit(FACTS_A_PAGE + 1)
    )
    if before is not None:
        statement = statement.where(tuple_(*place) < placed(before))
    rows = (await session.execute(statement)).all()
    shown = rows[:FACTS_A_PAGE]
    names = await actor_names(session, {row.actor for row in shown})
    return Timeline(
        facts=[_fact(row, names[row.actor]) for row in shown],
        more=cursor(shown[-1]) if len(rows) > FACTS_A_PAGE else None,
    )


def _alert(row: AlertRow) -> AlertLine:
    return AlertLine(
        id=str(row.id),
        title=row.title,
        source=row.source,
        severity=row.severity,
        status=row.status,
        count=row.count,
        started_at=row.started_at.timestamp() if row.started_at else None,
        opened_at=row.opened_at.timestamp(),
        last_seen_at=row.last_seen_at.timestamp(),
        resolved_at=row.resolved_at.timestamp() if row.resolved_at else None,
        tags=row.tags,
        links=row.links,
        details=row.details,
        dedup_key=row.dedup_key,
    )


def _fact(row: Any, actor_name: str) -> FactLine:
    return FactLine(
        at=row.at.timestamp(),
        kind=row.kind,
        actor=row.actor,
        actor_name=actor_name,
        sentence=sentence(row.kind, actor_name, row.data),
        data=row.data,
    )
