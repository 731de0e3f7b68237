"""Time on call that goes from one person to another by a swap or as cover: the overrides that make it so."""

from __future__ import annotations

from collections.abc import Iterable

from opsknight.domain.commands.arranging import put, when
from opsknight.domain.commands.withdrawals import plain
from opsknight.domain.model import giving_back
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.override import Override
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.store.tables import OverrideRow, ShiftSwapRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def hand_over(uow: UnitOfWork, swap: ShiftSwapRow, schedule: Schedule, change: Override) -> None:
    """Have `change` made for a swap: one person on call instead of another.

    What gave the time to the other before is taken back, so that whoever has their own again can hand it on anew.
    `schedule` is that without it.

    Raises:
        Conflict: the other is replaced already at the same time.
    """
    of, to, start, end = change.replaces or 0, change.user_id or 0, change.start_at, change.end_at
    plan = giving_back.plan(schedule, of=of, to=to, start=start, end=end)
    for one in schedule.overrides:
        if one.id in plan.back:
            await _take_back(uow, schedule, one, plan.back[one.id])
    for time in plan.anew:
        row = OverrideRow(schedule_id=swap.schedule_id, change="replace", user_id=to, replaces_id=of, swap_id=swap.id)
        row.start_at, row.end_at, row.note = *time, swap.note
        row.created_by, row.created_at = uow.user_id, uow.now
        await put(uow, row)


async def _take_back(uow: UnitOfWork, schedule: Schedule, one: Override, parts: Iterable[Interval]) -> None:
    row = await uow.session.get_one(OverrideRow, one.id, populate_existing=True)
    before = plain(row)
    first, *others = giving_back.left(one, parts) or (None,)
    if first is None:
        row.deleted_at = uow.now
    else:
        row.start_at, row.end_at = first
    await uow.session.flush()
    for start, end in others:
        rest = OverrideRow(schedule_id=row.schedule_id, change=row.change, user_id=row.user_id, note=row.note)
        rest.replaces_id, rest.swap_id, rest.start_at, rest.end_at = row.replaces_id, row.swap_id, start, end
        rest.created_by, rest.created_at = row.created_by, row.created_at
        await put(uow, rest)
    for part in parts:
        uow.record(
            Fact.OVERRIDE_WITHDRAWN,
            subject=f"schedule:{row.schedule_id}",
            did=f"took back an override in “{schedule.name}” {when(uow, *part)}: the time goes back",
            name=schedule.name,
            override_id=row.id,
            before=before,
        )
