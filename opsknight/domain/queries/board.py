"""The board: every incident that is not resolved, worst first, as lines of plain JSON.

One shape for the snapshot, the socket's diffs and the answer to a command. Instants are epoch
seconds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as UUIDS
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.incident import PAGE_ASSIGNEE, Status
from opsknight.domain.store.tables import AlertRow, IncidentRow, ServiceRow, SilenceRow, TeamRow, TimerRow, UserRow
from opsknight.errors import NotFound

AT_MOST = 300
"""How many lines reach a browser; the rest is counted."""
COUNTED_AT_MOST = 1000
"""How far the resolved are counted; whoever wants to know more of the past asks a report."""
EVERYTHING = ("", "all")
"""What the board of everything is called."""
_QUOTES = re.compile(r"['\\\0]")
_OPEN: ColumnElement[bool] = literal_column("incidents.status <> 'resolved'", Boolean)  # the partial index's words
_RESOLVED: ColumnElement[bool] = literal_column("incidents.status = 'resolved'", Boolean)  # and those of another
_WORDS: ColumnElement[Any] = literal_column("to_tsvector('simple', incidents.title)")
_OF_INCIDENTS = text(
    "timers.kind IN ('escalation', 'pause', 'safety_net', 'snooze_end', 'suppress_end', 'ack_timeout', 'ack_reminder')"
)

_RESTS = (IncidentRow.status == "suppressed") & SilenceRow.until.is_not_distinct_from(IncidentRow.until)


class NextMove(TypedDict):
    """What happens by itself: a timer's kind, the step it fires (from 1) where it fires one, and when."""

    kind: str
    step: int | None
    at: float


class Quiet(TypedDict):
    """Why an incident rests without anybody having said so: its cause in one word, and the reason."""

    cause: str
    reason: str


class BoardLine(TypedDict):
    """One incident. Lines are sorted by `rank`, newest first within it.

    `quiet` says why it is suppressed, None where a person said so.
    """

    id: str
    n: int
    title: str
    status: str
    urgency: str
    severity: str
    priority: str | None
    service: str
    service_id: int
    team: str
    assignee: str | None
    assignee_id: int | None
    version: int
    generation: int
    created_at: float
    last_event_at: float
    count: int
    until: float | None
    quiet: Quiet | None
    next: NextMove | None
    runbook_url: str
    rank: int


class Summary(TypedDict):
    """The whole board in numbers."""

    counts: dict[str, int]
    total: int
    oldest_unacknowledged_at: float | None
    by_service: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the board is wanted: a named board (a team or a service), words, a service, statuses."""

    board: str = ""
    words: str = ""
    service: str = ""
    statuses: tuple[Status, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is the whole board."""
        return self.board in EVERYTHING and not (self.words or self.service or self.statuses)

    @property
    def is_history(self) -> bool:
        """Whether it reaches into the resolved, of which there may be millions."""
        return Status.RESOLVED in self.statuses


async def lines(session: AsyncSession, wanted: Filter = Filter(), *, limit: int = AT_MOST) -> Sequence[BoardLine]:
    """Return the incidents that `wanted` lets through, worst first, newest first within a rank.

    The resolved are among them only on wish, and then simply the newest come first.

    Raises:
        NotFound: there is no board of that name.
    """
    chosen, order = await _chosen(session, wanted, limit=limit)
    ordered = _statement(IncidentRow.id.in_(chosen)).order_by(*order)
    return [_line(row) for row in await session.execute(ordered)]


async def count(session: AsyncSession, wanted: Filter) -> int:
    """Return how many incidents `wanted` lets through; of the resolved it counts COUNTED_AT_MOST and stops."""
    found = (
        select(IncidentRow.id)
        .join(ServiceRow, ServiceRow.id == IncidentRow.service_id)
        .join(TeamRow, TeamRow.id == ServiceRow.team_id)
        .where(*await _where(session, wanted))
    )
    counted = found.limit(COUNTED_AT_MOST) if wanted.is_history else found
    return (await session.execute(select(func.count()).select_from(counted.subquery()))).scalar_one()


async def lines_of(session: AsyncSession, ids: Collection[UUID]) -> Sequence[BoardLine]:
    """Return the lines of those of `ids` that are on the board; the resolved have left it."""
    return [_line(row) for row in await session.execute(_LINES, {"ids": list(ids)})] if ids else []


async def line(session: AsyncSession, incident_id: UUID) -> BoardLine:
    """Return the line of one incident, resolved or not.

    Raises:
        NotFound: there is no such incident.
    """
    row = (await session.execute(_ONE_LINE, {"id": incident_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such incident; it may have been removed after its retention.")
    return _line(row)


async def summary(session: AsyncSession, *, now: datetime) -> Summary:  # noqa: ARG001  # ages are counted by the browser
    """Return the whole board in numbers: by status, by service and severity, and since when somebody waits."""
    statement = (
        select(
            ServiceRow.name,
            IncidentRow.status,
            IncidentRow.urgency,
            IncidentRow.severity,
            func.count().label("many"),
            func.min(IncidentRow.created_at).label("oldest"),
        )
        .join(ServiceRow, ServiceRow.id == IncidentRow.service_id)
        .where(_OPEN)
        .group_by(ServiceRow.name, IncidentRow.status, IncidentRow.urgency, IncidentRow.severity)
    )
    return _summed((await session.execute(statement)).all())


def rank(status: str, urgency: str, severity: str) -> int:
    """Return how bad a line is, the worst 0: awake before asleep, high before low, open first, then by severity."""
    asleep = status in _ASLEEP
    return asleep * 100 + (urgency == "low") * 50 + (status != "open") * 10 + _SEVERITIES.index(severity)


_ASLEEP = ("snoozed", "suppressed", "resolved")
_SEVERITIES = ("critical", "error", "warning", "info")
_RANK: ColumnElement[int] = (
    case((IncidentRow.status.in_(_ASLEEP), 100), else_=0)
    + case((IncidentRow.urgency == "low", 50), else_=0)
    + case((IncidentRow.status != "open", 10), else_=0)
    + case({severity: place for place, severity in enumerate(_SEVERITIES)}, value=IncidentRow.severity)
)


def _statement(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    seen = (
        select(func.sum(AlertRow.count).label("count"), func.max(AlertRow.last_seen_at).label("last_seen_at"))
        .where(AlertRow.incident_id == IncidentRow.id)
        .lateral("seen")
    )
    return (
        select(
            IncidentRow.id,
            IncidentRow.number,
            IncidentRow.title,
            IncidentRow.status,
            IncidentRow.urgency,
            IncidentRow.severity,
            IncidentRow.priority,
            IncidentRow.service_id,
            IncidentRow.assignee_id,
            IncidentRow.version,
            IncidentRow.generation,
            IncidentRow.created_at,
            IncidentRow.until,
            IncidentRow.runbook_url,
            IncidentRow.next_step,
            ServiceRow.name.label("service"),
            TeamRow.name.label("team"),
            UserRow.name.label("assignee"),
            TimerRow.kind.label("timer"),
            TimerRow.due_at.label("timer_at"),
            seen.c.count.label("count_"),
            seen.c.last_seen_at,
            SilenceRow.cause,
            SilenceRow.reason,
        )
        .select_from(IncidentRow)
        .join(ServiceRow, ServiceRow.id == IncidentRow.service_id)
        .join(TeamRow, TeamRow.id == ServiceRow.team_id)
        .outerjoin(UserRow, UserRow.id == IncidentRow.assignee_id)
        .outerjoin(TimerRow, (TimerRow.subject == IncidentRow.id) & _OF_INCIDENTS)
        .outerjoin(SilenceRow, (SilenceRow.incident_id == IncidentRow.id) & _RESTS)
        .outerjoin(seen, true())
        .where(*where)
    )


_LINES = _statement(IncidentRow.id == any_(bindparam("ids", type_=ARRAY(UUIDS))), _OPEN)
_ONE_LINE = _statement(IncidentRow.id == bindparam("id"))
"""Made once: to make one takes as long as to ask it."""


async def _chosen(
    session: AsyncSession, wanted: Filter, *, limit: int
) -> tuple[Select[Any], Sequence[ColumnElement[Any]]]:
    """Return what asks for the ids of the lines that are shown, and their order."""
    open_first = (_RANK, IncidentRow.created_at.desc(), IncidentRow.id.desc())
    order = (IncidentRow.number.desc(),) if wanted.is_history else open_first  # of millions only the newest are read
    chosen = (
        select(IncidentRow.id)
        .join(ServiceRow, ServiceRow.id == IncidentRow.service_id)
        .join(TeamRow, TeamRow.id == ServiceRow.team_id)
        .where(*await _where(session, wanted))
        .order_by(*order)
        .limit(limit)
    )
    return chosen, order


async def _where(session: AsyncSession, wanted: Filter) -> list[ColumnElement[bool]]:
    where: list[Any] = [IncidentRow.status.in_(wanted.statuses)] if wanted.statuses else [_OPEN]
    if wanted.board not in EVERYTHING:
        where.append(await _of_board(session, wanted.board))
    if wanted.service:
        by_id = wanted.service.isdigit()
        where.append(ServiceRow.id == int(wanted.service) if by_id else ServiceRow.name == wanted.service)
    if wanted.words:
        where.append(await _matching(session, wanted.words))
    return where


async def _of_board(session: AsyncSession, name: str) -> ColumnElement[bool]:
    """Return what the board `name` shows: a team's services, or one service."""
    for column, live in ((TeamRow.name, true()), (ServiceRow.name, ServiceRow.archived_at.is_(None))):
        if (await session.execute(select(func.lower(column)).where(func.lower(column) == name.lower(), live))).first():
            return func.lower(column) == name.lower()
    raise NotFound(f"There is no board “{name}”; a board is named “all”, or after a team or a service.")


async def _matching(session: AsyncSession, words: str) -> ColumnElement[bool]:
    """Return what finds every word as a prefix in the title, or the service by name, or the incident by number.

    It is said so that PostgreSQL can ask an index of each part: of the open, of the resolved by their words, and of
    numbers.
    """
    found = [word for word in _QUOTES.sub(" ", words).split() if any(letter.isalnum() for letter in word)][:8]
    if not found:
        return false()
    in_title = _WORDS.op("@@")(func.to_tsquery("simple", " & ".join(f"'{word}':*" for word in found)))
    number = words.strip().removeprefix("#")
    is_number = number.isascii() and number.isdigit() and len(number) <= 18
    of_that_name = select(ServiceRow.id).where(ServiceRow.name.icontains(words.strip(), autoescape=True))
    services = (await session.scalars(of_that_name)).all()
    return or_(
        and_(_OPEN, in_title),
        and_(_RESOLVED, in_title),
        IncidentRow.number == int(number) if is_number else false(),
        IncidentRow.service_id.in_(services) if services else false(),
    )


def _line(row: Any) -> BoardLine:
    return BoardLine(
        id=str(row.id),
        n=row.number,
        title=row.title,
        status=row.status,
        urgency=row.urgency,
        severity=row.severity,
        priority=row.priority,
        service=row.service,
        service_id=row.service_id,
        team=row.team,
        assignee=row.assignee,
        assignee_id=row.assignee_id,
        version=row.version,
        generation=row.generation,
        created_at=row.created_at.timestamp(),
        last_event_at=(row.last_seen_at or row.created_at).timestamp(),
        count=int(row.count_ or 0),
        until=row.until.timestamp() if row.until else None,
        quiet=None if row.cause is None else Quiet(cause=row.cause, reason=row.reason),
        next=_next(row),
        runbook_url=row.runbook_url,
        rank=rank(row.status, row.urgency, row.severity),
    )


def _next(row: Any) -> NextMove | None:
    if row.timer is None:
        return None
    has_step = row.timer == "escalation" and row.next_step != PAGE_ASSIGNEE
    return NextMove(kind=row.timer, step=row.next_step + 1 if has_step else None, at=row.timer_at.timestamp())


def _summed(rows: Iterable[Any]) -> Summary:
    counts: dict[str, int] = dict.fromkeys(("open", "acknowledged", "snoozed", "suppressed", "high_unacknowledged"), 0)
    services: dict[str, dict[str, Any]] = {}
    oldest: datetime | None = None
    for row in rows:
        counts[row.status] += row.many
        if row.status == "open":
            counts["high_unacknowledged"] += row.many if row.urgency == "high" else 0
            oldest = min(oldest or row.oldest, row.oldest)
        if row.status != "suppressed":
            of_service = services.setdefault(row.name, {"service": row.name, **dict.fromkeys(_SEVERITIES, 0)})
            of_service[row.severity] += row.many
    worst_first = sorted(
        services.values(), key=lambda each: ([-each[severity] for severity in _SEVERITIES], each["service"])
    )
    return Summary(
        counts=counts,
        total=sum(counts[status] for status in ("open", "acknowledged", "snoozed", "suppressed")),
        oldest_unacknowledged_at=oldest.timestamp() if oldest else None,
        by_service=worst_first,
    )
