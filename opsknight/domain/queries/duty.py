"""Who had duty and who was called: the shifts of schedules and the pages of people, over a span of time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.clocks import Clocks
from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.fairness import Call
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.record import rejoined
from opsknight.domain.model.schedule import OnCall
from opsknight.domain.queries.duties import carried
from opsknight.domain.queries.public_holidays import weekend
from opsknight.domain.queries.schedules import holiday_dates
from opsknight.domain.store.tables import FormerZoneRow, PayRulesRow, ScheduleRow, TeamMemberRow, UserRow

_INSTANT = timedelta(microseconds=1)
_CALMING = (Fact.ACKNOWLEDGED, Fact.RESOLVED, Fact.SNOOZED, Fact.SUPPRESSED)

# A page that was never handed to a provider woke nobody, and who watches is not called. Sleep is counted for two hours
# a page at most.
_CALLS = text("""
    SELECT p.user_id, p.incident_id, p.created_at, sent.urgency,
        EXISTS (
            SELECT 1 FROM pages e WHERE e.incident_id = p.incident_id AND e.user_id = p.user_id AND e.kind <> 'watch'
                AND (e.created_at, e.id) < (p.created_at, p.id)
                AND EXISTS (SELECT 1 FROM notifications n WHERE n.page_id = e.id
                    AND (n.attempts > 0 OR n.status = 'bundled'))
        ) AS again,
        (
            SELECT min(f.at) FROM facts f WHERE f.incident_id = p.incident_id AND f.at >= p.created_at
                AND f.at < p.created_at + interval '3 hours' AND f.kind = ANY(:calming)
        ) AS calmed_at
    FROM pages p
    JOIN LATERAL (
        SELECT min(n.urgency) AS urgency FROM notifications n
        WHERE n.page_id = p.id AND (n.attempts > 0 OR n.status = 'bundled')
    ) sent ON sent.urgency IS NOT NULL
    WHERE p.created_at >= :start AND p.created_at < :end AND p.incident_id IS NOT NULL AND p.kind <> 'watch'
        AND p.user_id IS NOT NULL AND (:everybody OR p.user_id = ANY(:users))
    ORDER BY p.created_at, p.id
""").bindparams(bindparam("calming", type_=ARRAY(Text)), bindparam("users", type_=ARRAY(BigInteger)))


_EARLIER = text("""
    SELECT p.user_id, p.incident_id, p.created_at
    FROM unnest(CAST(:users AS bigint[]), CAST(:incidents AS uuid[])) u (user_id, incident_id)
    JOIN pages p ON p.incident_id = u.incident_id AND p.user_id = u.user_id
    WHERE p.created_at < :start AND p.kind <> 'watch' AND EXISTS (
        SELECT FROM notifications n WHERE n.page_id = p.id AND (n.attempts > 0 OR n.status = 'bundled'))
    ORDER BY p.created_at, p.id
""")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What paged people before a span of time for incidents that page them in it again, and who was on call then.

    `shifts` are by schedule.
    """

    calls: tuple[Call, ...] = ()
    shifts: Mapping[int, tuple[OnCall, ...]] = field(default_factory=dict[int, tuple[OnCall, ...]])


@dataclass(frozen=True, slots=True)
class Rota:
    """A schedule with its shifts in a span of time, and its holidays and days of the weekend.

    `members` take turns in it, or had a shift in that time.
    """

    id: int
    name: str
    team_id: int
    zone: str
    shifts: tuple[OnCall, ...]
    members: frozenset[int]
    holidays: frozenset[date]
    weekend: frozenset[int]


async def rotas(
    session: AsyncSession,
    *,
    start: datetime,
    end: datetime,
    schedule_id: int | None = None,
    team_id: int | None = None,
) -> Sequence[Rota]:
    """Return every schedule by name, or the one, or those of a team, with the shifts that touch `[start, end)`.

    Of the time before a schedule was made there are none.
    One that was deleted before is told of only where it is the one that is asked for.
    """
    found = select(
        ScheduleRow.id,
        ScheduleRow.name,
        ScheduleRow.team_id,
        ScheduleRow.zone,
        ScheduleRow.country,
        ScheduleRow.subdivision,
    )
    if schedule_id is not None:
        found = found.where(ScheduleRow.id == schedule_id)
    else:
        found = found.where(or_(ScheduleRow.deleted_at.is_(None), ScheduleRow.deleted_at > start))
    if team_id is not None:
        found = found.where(ScheduleRow.team_id == team_id)
    rows = (await session.execute(found.order_by(func.lower(ScheduleRow.name), ScheduleRow.id))).all()
    ids = [row.id for row in rows]
    found_duties, holidays = await carried(session, ids, start, end), await holidays_of(session, ids)
    told: list[Rota] = []
    for row in rows:
        if row.id in found_duties:
            schedule, shifts = found_duties[row.id]
            days = holidays[row.id], weekend(row.country, row.subdivision)
            members = schedule.members | {shift.user_id for shift in shifts}
            told.append(Rota(row.id, row.name, row.team_id, row.zone, shifts, members, *days))
    return told


async def whole_shifts(session: AsyncSession, rota: Rota, *, end: datetime) -> tuple[OnCall, ...]:
    """Return the shifts of `rota`, which are those until `end`; those that edits have cut in two are whole again."""
    found, edge = list(rota.shifts), [one for one in rota.shifts if one.end_at >= end]
    while edge:
        until = max(one.end_at for one in edge) + _INSTANT
        _, after = (await carried(session, [rota.id], end, until))[rota.id]
        edge = [one for one in after if one.continues and one not in found and any(_joins(past, one) for past in edge)]
        found += edge
    return rejoined(found)


def _joins(past: OnCall, one: OnCall) -> bool:
    return (past.user_id, past.end_at) == (one.user_id, one.start_at)


async def schedule_names(session: AsyncSession) -> Mapping[str, str]:
    """Return every schedule's name by its id, in order of name."""
    named = select(ScheduleRow.id, ScheduleRow.name).order_by(func.lower(ScheduleRow.name), ScheduleRow.id)
    return {str(row.id): row.name for row in await session.execute(named)}


async def holidays_of(session: AsyncSession, schedule_ids: Collection[int]) -> Mapping[int, frozenset[date]]:
    """Return the public holidays of each schedule: its own, and those that its newest rules of pay name."""
    dates = (ScheduleRow.holidays.concat(ScheduleRow.imported_holidays)).label("dates")
    own = select(ScheduleRow.id, ScheduleRow.country, ScheduleRow.subdivision, dates)
    rows = await session.execute(own.where(ScheduleRow.id.in_(schedule_ids)))
    its = {row.id: frozenset(holiday_dates(row.country, row.subdivision, row.dates)) for row in rows}
    found: dict[int, frozenset[date]] = dict(its)
    statement = select(PayRulesRow.schedule_id, PayRulesRow.holidays).where(PayRulesRow.schedule_id.in_(schedule_ids))
    for row in await session.execute(statement.order_by(PayRulesRow.valid_from)):
        found[row.schedule_id] = its[row.schedule_id] | {date.fromisoformat(day) for day in row.holidays}
    return found


async def calls(
    session: AsyncSession, *, start: datetime, end: datetime, user_ids: Collection[int] | None = None
) -> Sequence[Call]:
    """Return every page in `[start, end)` of which a message was handed over, in order of time; None: of everybody."""
    values = {"start": start, "end": end, "users": list(user_ids or ()), "everybody": user_ids is None}
    rows = await session.execute(_CALLS, {**values, "calming": [str(kind) for kind in _CALMING]})
    return [Call(row.user_id, row.incident_id, row.created_at, row.urgency, row.calmed_at, row.again) for row in rows]


async def earlier(
    session: AsyncSession, called: Sequence[Call], *, start: datetime, schedule_ids: Collection[int]
) -> Earlier:
    """Return what was before `start` of the incidents of `called`, which are all that came from then on.

    Whether somebody was paged before while they were on call only that tells.
    """
    first = {(call.user_id, call.incident_id) for call in called if not call.again}
    open_still = sorted({(call.user_id, call.incident_id) for call in called} - first)
    if not open_still:
        return Earlier()
    users, incidents = [user for user, _ in open_still], [incident for _, incident in open_still]
    rows = (await session.execute(_EARLIER, {"users": users, "incidents": incidents, "start": start})).all()
    if not rows:
        return Earlier()
    found = await carried(session, schedule_ids, rows[0].created_at, start)
    calls = tuple(Call(row.user_id, row.incident_id, row.created_at) for row in rows)
    return Earlier(calls, {number: shifts for number, (_, shifts) in found.items()})


async def people(session: AsyncSession, user_ids: Collection[int]) -> Mapping[int, tuple[str, Clocks]]:
    """Return the name of each person and the clocks they have lived by; UTC where a zone is not known."""
    moved = select(FormerZoneRow).where(FormerZoneRow.user_id.in_(user_ids)).order_by(FormerZoneRow.until_at)
    former: dict[int, list[tuple[datetime, ZoneInfo]]] = {}
    for one in await session.scalars(moved):
        former.setdefault(one.user_id, []).append((one.until_at, zone_or_utc(one.zone)))
    rows = await session.execute(select(UserRow.id, UserRow.name, UserRow.zone).where(UserRow.id.in_(user_ids)))
    return {row.id: (row.name, Clocks(zone_or_utc(row.zone), tuple(former.get(row.id, ())))) for row in rows}


async def team_members(session: AsyncSession, team_id: int) -> frozenset[int]:
    """Return everybody who belongs to a team."""
    rows = await session.scalars(select(TeamMemberRow.user_id).where(TeamMemberRow.team_id == team_id))
    return frozenset(rows)
