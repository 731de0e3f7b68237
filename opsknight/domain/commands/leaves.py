"""Leave: a person is away, on every schedule; whoever they name has their shifts meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from opsknight.domain.commands.arranging import Done, checked_note, from_now, names_of, require_for, when
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.recorded_shifts import record_shifts
from opsknight.domain.commands.telling_undone import tell_of_change
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.override import Leave
from opsknight.domain.model.permission import Need
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.queries.leave_previews import foreseen
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import LeaveRow, ScheduleRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is away in `[start_at, end_at)`, and who has their shifts, where they name somebody."""

    user_id: int
    start_at: datetime
    end_at: datetime
    substitute_id: int | None = None
    note: str = ""


async def take_leave(uow: UnitOfWork, wish: Wish) -> Done:
    """Let a person be away, from now on at the earliest. Without a substitute their schedules warn, or have a gap.

    The answer tells who has their shifts, and where nobody is on call then, or somebody who is away or unreachable.

    Raises:
        Forbidden: it is somebody else's leave.
        Invalid: the span or the substitute cannot be.
    """
    await require_for(uow, wish.user_id)
    names = await names_of(uow, (wish.user_id, wish.substitute_id))
    if wish.substitute_id == wish.user_id:
        raise Invalid("Nobody can substitute for themselves; name somebody else, or nobody.")
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    was = await _recorded(uow, wish.user_id)
    row = LeaveRow(user_id=wish.user_id, start_at=start_at, end_at=end_at, substitute_id=wish.substitute_id)
    row.note, row.created_by, row.created_at = checked_note(wish.note), uow.user_id, uow.now
    uow.session.add(row)
    await uow.session.flush()
    return await _told(uow, row, Fact.LEAVE_TAKEN, "noted leave", names, was=was)


async def change(uow: UnitOfWork, leave_id: int, wish: Wish) -> Done:
    """Let a leave be as `wish` says, from now on and in one step; what it did until now stays as it was.

    Raises:
        NotFound: there is no such leave.
        Forbidden: it is somebody else's.
        Conflict: it is over, or withdrawn already.
        Invalid: the span or the substitute cannot be, or it shall be another person's.
    """
    row = await _held(uow, leave_id)
    names = await names_of(uow, (row.user_id, wish.substitute_id))
    if wish.user_id != row.user_id:
        raise Invalid(f"This leave stays that of {names[row.user_id]}; withdraw it, and note one for who is away.")
    if wish.substitute_id == wish.user_id:
        raise Invalid("Nobody can substitute for themselves; name somebody else, or nobody.")
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    if wish.substitute_id == row.substitute_id and row.start_at <= uow.now and start_at == uow.now:
        start_at = row.start_at  # it runs, and goes on as it is
    was, before = await _recorded(uow, row.user_id), _plain(row)
    row.start_at, row.end_at, row.substitute_id = start_at, end_at, wish.substitute_id
    row.note = checked_note(wish.note)
    if before == _plain(row):
        return Done(row.id, "This leave is like that already.")
    await uow.session.flush()
    return await _told(uow, row, Fact.LEAVE_CHANGED, "changed leave", names, was=was, before=before)


async def withdraw(uow: UnitOfWork, leave_id: int) -> Done:
    """Take a leave back, from now on.

    Raises:
        NotFound: there is no such leave.
        Forbidden: it is somebody else's.
        Conflict: it is over, or withdrawn already.
    """
    row = await _held(uow, leave_id)
    was = await _recorded(uow, row.user_id)
    row.deleted_at = uow.now
    name = (await uow.session.get_one(UserRow, row.user_id)).name
    subject, did = f"user:{row.user_id}", f"withdrew a leave of {name}"
    uow.record(Fact.LEAVE_WITHDRAWN, subject=subject, did=did, leave_id=row.id, before=_plain(row))
    return Done(row.id, f"{name} is here again.{await _tell(uow, was)}")


async def _held(uow: UnitOfWork, leave_id: int) -> LeaveRow:
    """Return a leave that still counts and that the actor may change; nobody else can now."""
    await require(uow, Need.ARRANGE_COVER)
    statement = select(LeaveRow).where(LeaveRow.id == leave_id).with_for_update()
    row = await uow.session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such leave.")
    await require_for(uow, row.user_id)
    if row.deleted_at is not None or row.end_at <= uow.now:
        raise Conflict("This leave is over already.")
    return row


async def _told(
    uow: UnitOfWork,
    row: LeaveRow,
    fact: Fact,
    what: str,
    names: Mapping[int, str],
    *,
    was: Mapping[int, Schedule],
    before: object = None,
) -> Done:
    """Record what was done with a leave, tell whom it concerns, and answer what comes of it."""
    leave = Leave(row.id, row.user_id, max(row.start_at, uow.now), row.end_at, row.substitute_id)
    told = await foreseen(uow.session, leave, at=uow.now)
    by = "" if row.substitute_id is None else f"; {names[row.substitute_id]} substitutes"
    did = f"{what}: {names[row.user_id]} is away {when(uow, leave.start_at, leave.end_at)}{by}"
    subject = f"user:{row.user_id}"
    uow.record(fact, subject=subject, did=did, leave_id=row.id, before=before, after=_plain(row))
    return Done(row.id, f"{told.sentence}{await _tell(uow, was)}")


async def _recorded(uow: UnitOfWork, user_id: int) -> Mapping[int, Schedule]:
    """Return every schedule that the person is in, by number, once it is recorded who was on call until now."""
    live = select(ScheduleRow.id).where(ScheduleRow.deleted_at.is_(None))
    known = await schedules(uow.session, (await uow.session.scalars(live)).all())
    mine = {number: schedule for number, schedule in known.items() if user_id in schedule.people}
    if mine:
        await record_shifts(uow, uow.now, of=mine)
    return mine


async def _tell(uow: UnitOfWork, before: Mapping[int, Schedule]) -> str:
    """Tell whom the leave puts on call, and of what it undoes; return what there is to say, each after a space."""
    rows = select(ScheduleRow).where(ScheduleRow.id.in_(before)).order_by(ScheduleRow.id)
    missed = [await tell_of_change(uow, before[row.id], row) for row in await uow.session.scalars(rows)]
    return "".join(dict.fromkeys(missed))


def _plain(row: LeaveRow) -> dict[str, object]:
    return {
        "user_id": row.user_id,
        "substitute_id": row.substitute_id,
        "start_at": row.start_at.timestamp(),
        "end_at": row.end_at.timestamp(),
        "note": row.note,
    }
