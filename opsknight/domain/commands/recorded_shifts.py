"""Recording who was on call, so that no later change of a schedule changes what was.

Housekeeping does it now and then, and whoever changes a schedule does it first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select, update

from opsknight.domain.model.record import continued, joined, recorded, why
from opsknight.domain.model.schedule import OnCall, Schedule, shifts
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import RecordedShiftRow, ScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork

STEP: Final = 50
"""Schedules that are recorded in one unit, of all."""
LOOKED_BACK: Final = timedelta(days=92)
"""How much of the time before its first record a schedule that was there already is taken to have been as it is."""


async def record_shifts(uow: UnitOfWork, until: datetime, *, of: Collection[int] | None = None) -> int:
    """Record who was on call until `until`, now at the latest, and return of how many schedules something is new.

    Of all schedules, STEP at most, leaving aside those that somebody is changing; or of those named, waiting for
    them, deleted ones left out. Their rows stay locked for the unit. What is recorded is never changed; a shift that
    goes on grows.
    """
    until = min(until, uow.now)
    rows = await _behind(uow, until, of)
    known = await schedules(uow.session, [row.id for row in rows])
    running = await _running(uow, [row.id for row in rows])
    for row in rows:
        since = row.recorded_until or until - LOOKED_BACK
        await _record(uow, known[row.id], running.get(row.id, []), since, until)
        row.recorded_from = row.recorded_from or since
        row.recorded_until = until
    await uow.session.flush()
    return len(rows)


async def _behind(uow: UnitOfWork, until: datetime, of: Collection[int] | None) -> Sequence[ScheduleRow]:
    behind = or_(ScheduleRow.recorded_until.is_(None), ScheduleRow.recorded_until < until)
    live = select(ScheduleRow).where(ScheduleRow.deleted_at.is_(None)).order_by(ScheduleRow.id)
    live = live.execution_options(populate_existing=True)
    if of is None:
        some = live.where(behind).limit(STEP)
        return (await uow.session.scalars(some.with_for_update(key_share=True, skip_locked=True))).all()
    named = live.where(ScheduleRow.id.in_(of)).with_for_update(key_share=True)
    rows = (await uow.session.scalars(named)).all()
    return [row for row in rows if row.recorded_until is None or row.recorded_until < until]


async def _running(uow: UnitOfWork, ids: Sequence[int]) -> dict[int, list[tuple[int, OnCall]]]:
    """Return the recorded shifts that ran to the end of the record, each with the number of its row, by schedule."""
    kept = RecordedShiftRow
    statement = select(kept).join(
        ScheduleRow, and_(ScheduleRow.id == kept.schedule_id, ScheduleRow.recorded_until == kept.end_at)
    )
    found: dict[int, list[tuple[int, OnCall]]] = {}
    for row in await uow.session.scalars(statement.where(kept.schedule_id.in_(ids))):
        one = recorded(row.start_at, row.end_at, row.user_id, row.why)
        found.setdefault(row.schedule_id, []).append((row.id, one))
    return found


async def _record(
    uow: UnitOfWork, schedule: Schedule, running: list[tuple[int, OnCall]], since: datetime, until: datetime
) -> None:
    for one in shifts(schedule, since, until):
        begun = joined((past for _, past in running), one, since)
        piece = replace(continued([past for _, past in running], one, since), end_at=min(one.end_at, until))
        if begun is not None:
            number = next(number for number, past in running if past is begun)
            grown = update(RecordedShiftRow).where(RecordedShiftRow.id == number).values(end_at=piece.end_at)
            await uow.session.execute(grown)
            continue
        reasons = {**why(piece), "continues": True} if piece.continues else why(piece)
        row = RecordedShiftRow(schedule_id=schedule.id, user_id=piece.user_id, why=reasons)
        row.start_at, row.end_at = piece.start_at, piece.end_at
        uow.session.add(row)
