"""The drill that comes by itself: once a week, or not at all. One for the whole installation."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import delete, select

from opsknight.crypto import new_id
from opsknight.domain.commands import drills
from opsknight.domain.commands.authority import require
from opsknight.domain.model.cron import BadCron
from opsknight.domain.model.drill import about_of
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.person import placed
from opsknight.domain.model.weekly import LATE_AT_MOST, Weekly, last, words
from opsknight.domain.queries.drills import live_schedules
from opsknight.domain.store.tables import DrillRow, ScheduleRow, WeeklyDrillRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid

log = structlog.get_logger(__name__)

ONLY: Final = 1
"""The number of the one row."""


async def set_weekly(uow: UnitOfWork, wish: Weekly, *, schedule_id: int | None = None) -> str:
    """Have a drill come by itself at `wish` each week, of who is on call on a schedule or of everyone tonight.

    Returns the sentence that says so. The first is the next such time.

    Raises:
        SignInRequired, Forbidden: the actor may not.
        Invalid: there is no such zone or schedule.
    """
    await require(uow, Need.ADMINISTER)
    try:
        zone = placed(wish.zone)
    except BadCron as bad:
        raise Invalid(str(bad)) from bad
    names = await live_schedules(uow.session)
    if schedule_id is not None and str(schedule_id) not in names:
        raise Invalid("There is no such schedule; choose one from the list.")
    row = await uow.session.get(WeeklyDrillRow, ONLY, with_for_update=True)
    if row is None:
        row = WeeklyDrillRow(id=ONLY)
        uow.session.add(row)
    row.weekday, row.hour, row.zone, row.schedule_id, row.set_at = wish.weekday, wish.hour, zone, schedule_id, uow.now
    about = about_of(names.get(str(schedule_id)))
    says = f"{words(Weekly(wish.weekday, wish.hour, zone))}, of {about}"
    uow.record(Fact.WEEKLY_DRILL_SET, did=f"set a drill {says}")
    return f"A drill comes by itself {says}."


async def end_weekly(uow: UnitOfWork) -> str:
    """Have no drill come by itself any more; return the sentence that says so.

    Raises:
        SignInRequired, Forbidden: the actor may not.
    """
    await require(uow, Need.ADMINISTER)
    gone = delete(WeeklyDrillRow).where(WeeklyDrillRow.id == ONLY).returning(WeeklyDrillRow.id)
    if (await uow.session.execute(gone)).first() is not None:
        uow.record(Fact.WEEKLY_DRILL_SET, did="ended the weekly drill")
    return "No drill comes by itself any more."


async def end_weekly_of(uow: UnitOfWork, schedule: ScheduleRow) -> bool:
    """Have no drill of `schedule`, which is deleted, come by itself any more; return whether one did."""
    gone = delete(WeeklyDrillRow).where(WeeklyDrillRow.schedule_id == schedule.id).returning(WeeklyDrillRow.id)
    if (await uow.session.execute(gone)).first() is None:
        return False
    uow.record(Fact.WEEKLY_DRILL_SET, did=f"ended the weekly drill, which was of “{schedule.name}”")
    return True


async def begin_weekly(uow: UnitOfWork) -> bool:
    """Begin this week's drill where its time has come; return whether it began.

    Each week's begins once, whoever else looks at the same moment: its row names the week. One that is late by more
    than LATE_AT_MOST is left out, as is one that finds nobody on call; the ledger says so.
    """
    row = await uow.session.get(WeeklyDrillRow, ONLY, with_for_update=True)
    if row is None:
        return False
    schedule = None if row.schedule_id is None else await uow.session.get(ScheduleRow, row.schedule_id)
    if schedule is not None and schedule.deleted_at is not None:  # it was set as the schedule was being deleted
        await end_weekly_of(uow, schedule)
        return False
    due_at = last(Weekly(row.weekday, row.hour, row.zone), now=uow.now)
    if due_at <= row.set_at or await _was(uow, due_at):
        return False
    if uow.now - due_at > LATE_AT_MOST:
        await _leave_out(uow, due_at, "OpsKnight was not running at its time")
        return False
    try:
        await drills.begin(uow, drills.Whom(schedule_id=row.schedule_id), weekly_at=due_at)
    except (Invalid, Conflict) as refusal:
        await _leave_out(uow, due_at, refusal.sentence)
        return False
    return True


async def _was(uow: UnitOfWork, due_at: datetime) -> bool:
    return await uow.session.scalar(select(DrillRow.id).where(DrillRow.weekly_at == due_at)) is not None


async def _leave_out(uow: UnitOfWork, due_at: datetime, why: str) -> None:
    """Note that a week has no drill and why, so that it is not looked for again."""
    why = why.rstrip(".")
    times = {"begins_at": uow.now, "ends_at": uow.now, "ended_at": uow.now, "weekly_at": due_at}
    uow.session.add(DrillRow(id=new_id(), about=why, asked_by=None, **times))
    await uow.session.flush()
    uow.record(Fact.WEEKLY_DRILL_LEFT_OUT, reason=why)
    log.warning("this week's drill was left out", due_at=due_at.isoformat(), why=why)
