"""Taking overrides back: one by itself, and those of a swap or of cover together."""

from __future__ import annotations

from sqlalchemy import select

from opsknight.domain.commands.arranging import Done
from opsknight.domain.commands.tellings import tell_on_call, tell_undone
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.store.tables import OverrideRow, ScheduleRow, ShiftSwapRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict


async def undo_swap(uow: UnitOfWork, row: OverrideRow, before: Schedule, schedule: ScheduleRow) -> Done:
    """Withdraw all overrides of the swap, or cover, of `row` that are not over: nobody keeps a half of it.

    `before` is the schedule as it is with them.

    Raises:
        Conflict: the other half is over.
    """
    swap = await uow.session.get_one(ShiftSwapRow, row.swap_id, with_for_update=True, populate_existing=True)
    of_it = select(OverrideRow).where(OverrideRow.swap_id == row.swap_id, OverrideRow.deleted_at.is_(None))
    halves = (await uow.session.scalars(of_it.order_by(OverrideRow.start_at))).all()
    to_come = [one for one in halves if one.end_at > uow.now]
    if {one.replaces_id for one in halves} != {one.replaces_id for one in to_come}:
        raise Conflict(
            "This cannot be withdrawn: the other shift of this swap is over, and somebody has had it."
            " Have somebody else on call instead, if need be."
        )
    concerned = [one for one in (swap.user_id, swap.taken_by) if one is not None]
    names = people([(await uow.session.get_one(UserRow, one)).name for one in concerned])
    for one in to_come:
        end(uow, one, schedule)
    swap.status, swap.taken_by, swap.ended_at = "withdrawn", None, uow.now
    what = "the swap" if swap.kind == "swap" else "the cover"
    did = f"withdrew {what} of {names} in “{schedule.name}”"
    record_swap(uow, Fact.SWAP_ENDED, swap, schedule, did)
    missed = await tell_on_call(uow, before, schedule)
    await tell_undone(uow, swap, schedule, concerned, [(max(one.start_at, uow.now), one.end_at) for one in to_come])
    both = ", both shifts of it" if swap.kind == "swap" else ""
    told = f"Withdrew {what} of {names} in “{schedule.name}”{both}: each has their own from now on.{missed}"
    return Done(row.id, told, schedule.id)


def end(uow: UnitOfWork, row: OverrideRow, schedule: ScheduleRow) -> None:
    """Let an override count no more, and record it."""
    row.deleted_at = uow.now
    uow.record(
        Fact.OVERRIDE_WITHDRAWN,
        subject=f"schedule:{schedule.id}",
        did=f"withdrew an override in “{schedule.name}”",
        name=schedule.name,
        override_id=row.id,
        before=plain(row),
    )


def record_swap(uow: UnitOfWork, fact: Fact, row: ShiftSwapRow, schedule: ScheduleRow, did: str) -> None:
    """Record what was done with an offer."""
    uow.record(
        fact,
        subject=f"schedule:{schedule.id}",
        did=did,
        name=schedule.name,
        swap_id=row.id,
        user_id=row.user_id,
        start_at=row.start_at.timestamp(),
        end_at=row.end_at.timestamp(),
        status=row.status,
        taken_by=row.taken_by,
    )


def plain(row: OverrideRow) -> dict[str, object]:
    """Return an override as the ledger keeps it."""
    return {
        "change": row.change,
        "user_id": row.user_id,
        "replaces_id": row.replaces_id,
        "start_at": row.start_at.timestamp(),
        "end_at": row.end_at.timestamp(),
        "note": row.note,
    }
