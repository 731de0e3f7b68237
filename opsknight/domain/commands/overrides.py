"""Overrides: somebody is on call instead, besides, or no longer, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from opsknight.domain.commands.arranging import Done, amend, checked_note, from_now, held, names_of, put, when
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.effects import known, newest, told
from opsknight.domain.commands.tellings import tell_on_call
from opsknight.domain.commands.withdrawals import end, plain, undo_swap
from opsknight.domain.model.effect import without_override
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.override import Change, Override
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import OverrideRow, ScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Wish:
    """What an override shall do in `[start_at, end_at)`; of a replacement, `replaces_id` None is everybody."""

    change: Change
    start_at: datetime
    end_at: datetime
    user_id: int | None = None
    replaces_id: int | None = None
    note: str = ""


async def override(uow: UnitOfWork, schedule_id: int, wish: Wish) -> Done:
    """Change who is on call for a while, from now on at the earliest. Two may be added at once.

    Where it does in a part of that time only what it says, the answer tells so.

    Raises:
        NotFound: there is no such schedule.
        Invalid: the wish does not say who, or its span cannot be, or it would have no effect.
        Conflict: the person is replaced by another at the same time, or everybody is.
    """
    await require(uow, Need.ARRANGE_COVER)
    _check(wish)
    schedule = await held(uow, schedule_id)
    names = await names_of(uow, (wish.user_id, wish.replaces_id))
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    row = _row(schedule.id, wish, start_at, end_at)
    row.created_by, row.created_at = uow.user_id, uow.now
    before = await known(uow, schedule.id)
    await put(uow, row)
    wished = newest(wish.change, (start_at, end_at), user_id=wish.user_id, replaces=wish.replaces_id)
    but = await told(uow, before, wished)
    missed = await tell_on_call(uow, before, schedule)
    lasting = when(uow, start_at, end_at)
    who = _who(wish, names)
    uow.record(
        Fact.OVERRIDDEN,
        subject=f"schedule:{schedule.id}",
        did=f"changed who is on call in “{schedule.name}”: {who} {lasting}",
        name=schedule.name,
        override_id=row.id,
        after=plain(row),
    )
    return Done(row.id, f"In “{schedule.name}”, {who} {lasting}.{but}{missed}", schedule.id)


async def change(uow: UnitOfWork, override_id: int, wish: Wish) -> Done:
    """Let an override be as `wish` says, from now on and in one step; what it did until now stays as it was.

    It keeps its place among those that were made before and after it.

    Raises:
        NotFound: there is no such override.
        Invalid: as when one is made.
        Conflict: it is over, withdrawn, or of a swap, or the person is replaced by another at the same time.
    """
    await require(uow, Need.ARRANGE_COVER)
    _check(wish)
    row, schedule = await _held(uow, override_id)
    if row.swap_id is not None:
        raise Conflict("This override belongs to a swap: withdraw that as a whole, or override it for a part of it.")
    names = await names_of(uow, (wish.user_id, wish.replaces_id))
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    same = (row.change, row.user_id, row.replaces_id) == (wish.change.value, wish.user_id, wish.replaces_id)
    if same and row.start_at <= uow.now and start_at == uow.now:
        start_at = row.start_at  # it runs, and goes on as it is
    wanted = _row(schedule.id, wish, start_at, end_at)
    was, before = plain(row), await known(uow, schedule.id)
    if was == plain(wanted):
        return Done(row.id, "This override is like that already.", schedule.id)
    await amend(uow, row, wanted)
    wished = Override(row.id, wish.change, max(start_at, uow.now), end_at, wish.user_id, wish.replaces_id)
    but = await told(uow, without_override(before, row.id), wished)
    missed = await tell_on_call(uow, before, schedule)
    who, lasting = _who(wish, names), when(uow, max(start_at, uow.now), end_at)
    uow.record(
        Fact.OVERRIDE_CHANGED,
        subject=f"schedule:{schedule.id}",
        did=f"changed an override in “{schedule.name}”: now {who} {lasting}",
        name=schedule.name,
        override_id=row.id,
        before=was,
        after=plain(row),
    )
    return Done(row.id, f"In “{schedule.name}”, {who} {lasting}.{but}{missed}", schedule.id)


async def withdraw(uow: UnitOfWork, override_id: int) -> Done:
    """Take an override back, from now on; what it did until now stays as it was.

    Those of a swap go together, and so does what has become of an offer: nobody keeps a half of it.

    Raises:
        NotFound: there is no such override.
        Conflict: it is over, or withdrawn already, or the other half of its swap is over.
    """
    await require(uow, Need.ARRANGE_COVER)
    row, schedule = await _held(uow, override_id)
    before = await known(uow, schedule.id)
    if row.swap_id is not None:
        return await undo_swap(uow, row, before, schedule)
    end(uow, row, schedule)
    missed = await tell_on_call(uow, before, schedule)
    return Done(row.id, f"Withdrew the override in “{schedule.name}”; its layers count again.{missed}", schedule.id)


async def _held(uow: UnitOfWork, override_id: int) -> tuple[OverrideRow, ScheduleRow]:
    """Return an override that still counts, with its schedule, which nobody else can change now."""
    schedule_id = await uow.session.scalar(select(OverrideRow.schedule_id).where(OverrideRow.id == override_id))
    if schedule_id is None:
        raise NotFound("There is no such override.")
    schedule = await held(uow, schedule_id)
    row = await uow.session.get_one(OverrideRow, override_id, populate_existing=True)
    if row.deleted_at is not None:
        raise Conflict("This override has been withdrawn already.")
    if row.end_at <= uow.now:
        raise Conflict("This override is over already, and what was cannot be changed.")
    return row, schedule


def _row(schedule_id: int, wish: Wish, start_at: datetime, end_at: datetime) -> OverrideRow:
    row = OverrideRow(schedule_id=schedule_id, change=wish.change.value, start_at=start_at, end_at=end_at)
    row.user_id, row.replaces_id, row.note = wish.user_id, wish.replaces_id, checked_note(wish.note)
    return row


def _check(wish: Wish) -> None:
    if wish.change is Change.REMOVE and (wish.replaces_id is None or wish.user_id is not None):
        raise Invalid("To remove somebody, say replaces_id: who is not on call.")
    if wish.change is not Change.REMOVE and wish.user_id is None:
        raise Invalid("Say user_id: who is on call.")
    if wish.change is Change.ADD and wish.replaces_id is not None:
        raise Invalid("Who is added replaces nobody; say replace, or leave replaces_id out.")
    if wish.user_id is not None and wish.user_id == wish.replaces_id:
        raise Invalid("Nobody can replace themselves.")


def _who(wish: Wish, names: Mapping[int, str]) -> str:
    other = "everybody else" if wish.replaces_id is None else names[wish.replaces_id]
    match wish.change:
        case Change.REMOVE:
            return f"{other} is not on call"
        case Change.ADD:
            return f"{names[wish.user_id or 0]} is on call as well"
        case Change.REPLACE:
            return f"{names[wish.user_id or 0]} is on call instead of {other}"
