"""The check before a shift: what is known of somebody who goes on call, and what to see to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TypedDict

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.channel import face
from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.going_on_call import Case, Check, Instead, Way, checks
from opsknight.domain.model.handoff import BEFORE_START
from opsknight.domain.model.permission import Role, may_respond
from opsknight.domain.queries.contact_methods import contact_methods
from opsknight.domain.queries.escalations import people
from opsknight.domain.queries.schedule_overviews import own_shifts
from opsknight.domain.queries.schedules import holiday_dates
from opsknight.domain.store.tables import CalendarFeedRow, LeaveRow, ScheduleRow, UserRow


class CheckLine(TypedDict):
    """One thing that was looked at; `state` is good, warn or bad."""

    name: str
    state: str
    sentence: str


class ShiftCheck(TypedDict):
    """A shift that runs or begins soon, and the checks for it; instants are epoch seconds."""

    schedule_id: int
    schedule: str
    start_at: float
    end_at: float
    checks: list[CheckLine]


async def shift_checks(
    session: AsyncSession, user_id: int, *, at: datetime, unset: Collection[str]
) -> Sequence[ShiftCheck]:
    """Return the checks for a person's next turn on each schedule, where it runs at `at` or begins within a day.

    `unset` are the channels that are not set up.
    """
    found: dict[int, ShiftCheck] = {}
    for one in await own_shifts(session, user_id, at=at):
        start_at, end_at = (datetime.fromtimestamp(one[end], UTC) for end in ("start_at", "end_at"))
        if one["schedule_id"] in found or start_at > at + BEFORE_START:
            continue
        looked_at = await checks_for(
            session, user_id, one["schedule_id"], start_at=start_at, end_at=end_at, at=at, unset=unset
        )
        told = [CheckLine(name=each.name, state=each.state.value, sentence=each.sentence) for each in looked_at]
        found[one["schedule_id"]] = ShiftCheck(**one, checks=told)
    return list(found.values())


async def checks_for(
    session: AsyncSession,
    user_id: int,
    schedule_id: int,
    *,
    start_at: datetime,
    end_at: datetime,
    at: datetime,
    unset: Collection[str],
) -> Sequence[Check]:
    """Return the checks for one shift of a person."""
    link = exists().where(
        CalendarFeedRow.revoked_at.is_(None),
        or_(CalendarFeedRow.user_id == user_id, CalendarFeedRow.made_by == user_id),
    )
    about = (
        select(UserRow.zone, UserRow.role, ScheduleRow, link.label("in_calendar"))
        .select_from(UserRow)
        .join(ScheduleRow, ScheduleRow.id == schedule_id)
        .where(UserRow.id == user_id)
    )
    zone, role, schedule, in_calendar = (await session.execute(about)).one()
    leaves = select(LeaveRow.start_at, LeaveRow.end_at).where(
        LeaveRow.user_id == user_id,
        LeaveRow.deleted_at.is_(None),
        LeaveRow.start_at < end_at,
        LeaveRow.end_at > start_at,
    )
    case = Case(
        start_at=start_at,
        end_at=end_at,
        zone=zone_or_utc(zone).key,
        schedule_zone=zone_or_utc(schedule.zone).key,
        ways=await _ways(session, user_id, at=at, unset=unset),
        leaves=[(row.start_at, row.end_at) for row in await session.execute(leaves)],
        holidays=holiday_dates(
            schedule.country, schedule.subdivision, [*schedule.holidays, *schedule.imported_holidays]
        ),
        in_calendar=in_calendar,
        instead=await _instead(session, user_id, at=at, unset=unset),
        may_respond=may_respond(Role(role)),
    )
    return checks(case, now=at)


async def _instead(session: AsyncSession, user_id: int, *, at: datetime, unset: Collection[str]) -> Instead | None:
    known = await people(session, [user_id])
    absence = known[user_id].undisturbed
    if absence is None or not absence.holds(at):
        return None
    other = known.get(absence.substitute_id or 0)
    if other is None or not other.stands_in_at(at):
        return Instead(absence.until)
    return Instead(absence.until, other.name, await _ways(session, other.id, at=at, unset=unset))


async def _ways(session: AsyncSession, user_id: int, *, at: datetime, unset: Collection[str]) -> Sequence[Way]:
    return [
        Way(
            channel=line["channel"],
            label=line["label"],
            verified=line["verified_at"] is not None,
            disabled=line["disabled_at"] is not None or line["silent"],
            disabled_reason=line["disabled_reason"] or ("no sign of life" if line["silent"] else ""),
            loud=face(line["channel"]).loud,
            unset=line["channel"] in unset,
            proven_at=None if line["last_proof_at"] is None else datetime.fromtimestamp(line["last_proof_at"], UTC),
        )
        for line in await contact_methods(session, user_id, at=at)
    ]
