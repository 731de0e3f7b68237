"""Who was, is and will be on call: recorded where it is past, computed where it is not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.record import Record, next_told, recorded, since_made, told
from opsknight.domain.model.schedule import LOOK_AHEAD, OnCall, Schedule
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import RecordedShiftRow, ScheduleRow

_INSTANT = timedelta(microseconds=1)
_FIRST_LOOK = timedelta(days=8)


async def duties(
    session: AsyncSession, ids: Collection[int], start: datetime, end: datetime
) -> Mapping[int, tuple[Schedule, tuple[OnCall, ...]]]:
    """Return schedules by their number, each with every time on call that touches `[start, end)`."""
    known = await schedules(session, ids)
    kept = await records(session, ids, start, end)
    return {number: (one, told(one, kept.get(number), start, end)) for number, one in known.items()}


async def carried(
    session: AsyncSession, ids: Collection[int], start: datetime, end: datetime
) -> Mapping[int, tuple[Schedule, tuple[OnCall, ...]]]:
    """Return what `duties` does, but for what schedules say of the time before they were made: nobody carried that."""
    known = await schedules(session, ids)
    kept = await records(session, ids, start, end)
    return {number: (one, since_made(one, kept.get(number), start, end)) for number, one in known.items()}


async def on_call_at(
    session: AsyncSession, ids: Collection[int], at: datetime
) -> Mapping[int, tuple[Schedule, tuple[OnCall, ...]]]:
    """Return schedules by their number, each with who was, is or will be on call at `at`."""
    return {
        number: (schedule, tuple(one for one in found if one.start_at <= at < one.end_at))
        for number, (schedule, found) in (await duties(session, ids, at, at + _INSTANT)).items()
    }


async def next_duties(
    session: AsyncSession, known: Mapping[int, Schedule], *, after: datetime
) -> Mapping[int, tuple[OnCall, ...]]:
    """Return who came or comes on call next, later than `after`, by each schedule of which somebody does in a year."""
    found: dict[int, tuple[OnCall, ...]] = {}
    end, last = after + _FIRST_LOOK, after + LOOK_AHEAD
    while waiting := known.keys() - found.keys():
        kept = await records(session, waiting, after, end)
        come = {number: next_told(known[number], kept.get(number), after, end) for number in waiting}
        found |= {number: those for number, those in come.items() if those}
        if end >= last:
            break
        end = min(after + 2 * (end - after), last)
    return found


async def records(session: AsyncSession, ids: Collection[int], start: datetime, end: datetime) -> Mapping[int, Record]:
    """Return what is recorded of `[start, end)`, and the shifts that ran to the end of the record, by schedule.

    Of a schedule that was deleted there is a record even where nothing was recorded: it says when it was over.
    """
    kept, of = RecordedShiftRow, ScheduleRow
    wanted = or_(kept.end_at > start, kept.end_at == of.recorded_until)
    statement = (
        select(
            of.id,
            func.coalesce(of.recorded_from, of.deleted_at).label("recorded_from"),
            func.coalesce(of.recorded_until, of.deleted_at).label("recorded_until"),
            of.deleted_at,
            kept.start_at,
            kept.end_at,
            kept.user_id,
            kept.why,
        )
        .outerjoin(kept, (kept.schedule_id == of.id) & wanted & (kept.start_at < end))
        .where(of.id.in_(ids), or_(of.recorded_from.is_not(None), of.deleted_at.is_not(None)))
        .order_by(of.id, kept.start_at)
    )
    spans: dict[int, tuple[Any, Any, Any]] = {}
    found: dict[int, list[OnCall]] = {}
    rows: Sequence[Any] = (await session.execute(statement)).all()
    for row in rows:
        spans[row.id] = row.recorded_from, row.recorded_until, row.deleted_at
        shifts = found.setdefault(row.id, [])
        if row.start_at is not None:
            shifts.append(recorded(row.start_at, row.end_at, row.user_id, row.why))
    return {
        number: Record(from_at, until_at, tuple(found[number]), over_at)
        for number, (from_at, until_at, over_at) in spans.items()
    }
