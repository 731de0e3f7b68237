"""Who is on call, per schedule, and when it is somebody's turn again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TypedDict

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.queries.duties import duties, next_duties
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import ScheduleRow, UserRow
from opsknight.errors import NotFound

_INSTANT = timedelta(microseconds=1)
_RECENT = timedelta(days=62)


class Duty(TypedDict):
    """One person's duty now; a schedule in a gap has one without a user. `until` is in epoch seconds."""

    schedule: str
    schedule_id: int
    user: str | None
    user_id: int | None
    layer: str | None
    until: float | None
    you: bool


NextShift = TypedDict("NextShift", {"schedule": str, "schedule_id": int, "from": float, "to": float})
"""Somebody's next time on call, in epoch seconds."""


class Shift(TypedDict):
    """One person's time on call and why; instants are in epoch seconds.

    `instead_of` is whose turn it was, `override_id`, `leave_id` and `temporary` what has changed it.
    """

    user: str | None
    user_id: int
    start_at: float
    end_at: float
    layer: str
    layer_id: int | None
    override_id: int | None
    instead_of: str | None
    instead_of_id: int | None
    leave_id: int | None
    temporary: str | None
    temporary_id: int | None


class OnCallLine(TypedDict):
    """Who is on call on a schedule at an instant, nobody in a gap, and whoever comes next."""

    schedule_id: int
    schedule: str
    team_id: int
    on_call: list[Shift]
    next: list[Shift]


async def on_call_lines(
    session: AsyncSession, *, at: datetime, schedule_id: int | None = None, user_id: int | None = None
) -> Sequence[OnCallLine]:
    """Return who was, is or will be on call at `at`, by schedules in order of name; past time as it was recorded.

    Of one schedule, or of those on which a person is on call then. One that was deleted is told of for the time
    before.

    Raises:
        NotFound: there is no such schedule, or there was none any more.
    """
    there = or_(ScheduleRow.deleted_at.is_(None), ScheduleRow.deleted_at > at)
    statement = select(ScheduleRow.id, ScheduleRow.team_id).where(there)
    if schedule_id is not None:
        statement = statement.where(ScheduleRow.id == schedule_id)
    teams = {row.id: row.team_id for row in await session.execute(statement.order_by(func.lower(ScheduleRow.name)))}
    if schedule_id is not None and not teams:
        raise NotFound("There is no such schedule.")
    known = await duties(session, [*teams], at, at + _INSTANT)
    on = {number: [one for one in known[number][1] if one.start_at <= at < one.end_at] for number in teams}
    asked = [number for number in teams if user_id is None or any(one.user_id == user_id for one in on[number])]
    coming = await next_duties(session, {number: known[number][0] for number in asked}, after=at)
    lines = [(number, on[number], coming.get(number, ())) for number in asked]
    names = await user_names(session, [one for _, now, after in lines for one in (*now, *after)])
    return [
        {
            "schedule_id": number,
            "schedule": known[number][0].name,
            "team_id": teams[number],
            "on_call": [shift_line(one, names) for one in now],
            "next": [shift_line(one, names) for one in after],
        }
        for number, now, after in lines
    ]


def shift_line(one: model.OnCall, names: Mapping[int, str]) -> Shift:
    """Return a time on call as it is told."""
    return {
        "user": names.get(one.user_id),
        "user_id": one.user_id,
        "start_at": one.start_at.timestamp(),
        "end_at": one.end_at.timestamp(),
        "layer": one.layer,
        "layer_id": one.layer_id,
        "override_id": one.override_id,
        "instead_of": None if one.replaces is None else names.get(one.replaces),
        "instead_of_id": one.replaces,
        "leave_id": one.leave_id,
        "temporary": one.temporary or None,
        "temporary_id": one.temporary_id,
    }


async def user_names(session: AsyncSession, found: Iterable[model.OnCall]) -> Mapping[int, str]:
    """Return the names of everybody in these times on call."""
    ids = {user for one in found for user in (one.user_id, one.replaces) if user is not None}
    return await _names(session, ids)


async def on_call_now(session: AsyncSession, *, at: datetime, you: int | None = None) -> Sequence[Duty]:
    """Return who is on call at `at`, schedule by schedule in order of name; gaps included.

    `you` marks the duties of that person.
    """
    return await _duties(session, await _every(session, at), at=at, you=you)


async def on_call_and_next(session: AsyncSession, *, at: datetime, you: int) -> tuple[Sequence[Duty], NextShift | None]:
    """Return who is on call at `at`, and when `you` are next: what the strip on every page shows, read once."""
    known = await _every(session, at)
    return await _duties(session, known, at=at, you=you), _next(known, you, after=at)


async def next_shifts(session: AsyncSession, user_ids: Iterable[int], *, after: datetime) -> Mapping[int, NextShift]:
    """Return the first time on call that begins after `after` of each of these people who has one."""
    known = await _every(session, after)
    found = {user_id: _next(known, user_id, after=after) for user_id in user_ids}
    return {user_id: shift for user_id, shift in found.items() if shift is not None}


async def shifts_of(session: AsyncSession, user_id: int, *, after: datetime, count: int) -> list[NextShift]:
    """Return the next `count` times on call of a person that begin after `after`, over all schedules, in order.

    Of those that begin together, each.
    """
    known = await _every(session, after)
    found = [
        (shift, schedule)
        for schedule in known.values()
        for shift in islice(_turns(schedule, user_id, after=after), count)
    ]
    return [_next_shift(*one) for one in sorted(found, key=lambda one: one[0].start_at)[:count]]


async def begins_again(session: AsyncSession, schedule_id: int, *, after: datetime) -> float | None:
    """Return when somebody comes on call next on a schedule, in epoch seconds; None where nobody does."""
    known = await schedules(session, [schedule_id], since=after - _RECENT)
    found = model.next_on_call(known[schedule_id], after=after) if schedule_id in known else ()
    return min((one.start_at.timestamp() for one in found), default=None)


async def _every(session: AsyncSession, at: datetime) -> Mapping[int, model.Schedule]:
    """Return every schedule that is not deleted, in order of name."""
    ids = await _live(session)
    known = await schedules(session, ids, since=at - _RECENT)
    return {schedule_id: known[schedule_id] for schedule_id in ids if schedule_id in known}


async def _duties(
    session: AsyncSession, known: Mapping[int, model.Schedule], *, at: datetime, you: int | None
) -> Sequence[Duty]:
    found = [(schedule, model.on_call(schedule, at)) for schedule in known.values()]
    names = await _names(session, {shift.user_id for _, shifts in found for shift in shifts})
    return [_duty(schedule, shift, names, you=you) for schedule, shifts in found for shift in (shifts or (None,))]


def _next(known: Mapping[int, model.Schedule], user_id: int, *, after: datetime) -> NextShift | None:
    candidates = [
        (shift, schedule)
        for schedule in known.values()
        if (shift := model.next_shift(schedule, user_id, after=after)) is not None
    ]
    if not candidates:
        return None
    return _next_shift(*min(candidates, key=lambda pair: pair[0]))


def _turns(schedule: model.Schedule, user_id: int, *, after: datetime) -> Iterator[model.OnCall]:
    while (shift := model.next_shift(schedule, user_id, after=after)) is not None:
        yield shift
        after = shift.start_at


def _next_shift(shift: model.OnCall, schedule: model.Schedule) -> NextShift:
    return {
        "schedule": schedule.name,
        "schedule_id": schedule.id or 0,
        "from": shift.start_at.timestamp(),
        "to": shift.end_at.timestamp(),
    }


async def _live(session: AsyncSession) -> Sequence[int]:
    statement = select(ScheduleRow.id).where(ScheduleRow.deleted_at.is_(None))
    return (await session.scalars(statement.order_by(func.lower(ScheduleRow.name)))).all()


def _duty(schedule: model.Schedule, shift: model.OnCall | None, names: dict[int, str], *, you: int | None) -> Duty:
    return {
        "schedule": schedule.name,
        "schedule_id": schedule.id or 0,
        "user": None if shift is None else names.get(shift.user_id),
        "user_id": None if shift is None else shift.user_id,
        "layer": None if shift is None else shift.layer,
        "until": None if shift is None else shift.end_at.timestamp(),
        "you": shift is not None and shift.user_id == you,
    }


async def _names(session: AsyncSession, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = await session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))
    return {row.id: row.name for row in rows}
