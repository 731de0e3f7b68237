"""Shift swaps and requests for cover: a shift, or a part of one, offered to others.

Until somebody takes it, it stays its person's, who is paged as before. Whoever takes it is on call from the same
commit on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from opsknight.domain.commands.arranging import Done, checked_note, from_now, held, names_of, require_for, when
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.effects import known, must_be_takable, must_hand_over, newest
from opsknight.domain.commands.hand_overs import hand_over
from opsknight.domain.commands.tellings import tell_asked, tell_expired, tell_taken
from opsknight.domain.commands.withdrawals import record_swap
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.override import Change
from opsknight.domain.model.permission import Need
from opsknight.domain.model.restriction import Interval
from opsknight.domain.store.tables import ScheduleRow, ShiftSwapRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound

MAX_OFFERED: Final = 100
EXPIRED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What is offered: the time of `user_id` in `[start_at, end_at)`, to `offered_to` or to everybody.

    A swap wants a shift in return, the one in `[return_start_at, return_end_at)` or any that the taker names; a
    request for cover wants none. It expires when the time begins, where nothing else is said.
    """

    user_id: int
    start_at: datetime
    end_at: datetime
    in_return: bool = False
    return_start_at: datetime | None = None
    return_end_at: datetime | None = None
    offered_to: tuple[int, ...] = ()
    expires_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of an offered shift is taken, all of it where nothing is said, and what is given for a swap."""

    start_at: datetime | None = None
    end_at: datetime | None = None
    return_start_at: datetime | None = None
    return_end_at: datetime | None = None


async def ask(uow: UnitOfWork, schedule_id: int, wish: Wish) -> Done:
    """Offer a shift to others.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: it is somebody else's.
        Invalid: they are not on call then, or nobody could take it, or the offer cannot be used.
    """
    await require_for(uow, wish.user_id)
    if len(wish.offered_to) > MAX_OFFERED or wish.user_id in wish.offered_to:
        raise Invalid(f"Offer it to {MAX_OFFERED} other people at most, or to nobody by name for everybody.")
    if (wish.return_start_at is None) != (wish.return_end_at is None):
        raise Invalid("Say both the start and the end of what you want in return, or neither.")
    schedule = await held(uow, schedule_id)
    names = await names_of(uow, (wish.user_id, *wish.offered_to))
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    if wish.return_start_at is not None and wish.return_end_at is not None:
        from_now(uow, wish.return_start_at, wish.return_end_at)
    off = newest(Change.REMOVE, (start_at, end_at), user_id=None, replaces=wish.user_id)
    await must_be_takable(uow, await known(uow, schedule.id), off, by=wish.offered_to)
    expires_at = wish.expires_at or max(start_at, wish.start_at)
    if start_at <= uow.now and wish.expires_at is None:  # what has begun can be taken until it ends
        expires_at = end_at
    if not uow.now < expires_at <= end_at:
        raise Invalid("The offer must expire between now and the end of the shift.")
    row = ShiftSwapRow(schedule_id=schedule.id, kind="swap" if wish.in_return else "cover", status="open")
    row.user_id, row.start_at, row.end_at = wish.user_id, start_at, end_at
    if wish.in_return:
        row.return_start_at, row.return_end_at = wish.return_start_at, wish.return_end_at
    row.offered_to, row.note = [*wish.offered_to], checked_note(wish.note)
    row.expires_at, row.created_at = expires_at, uow.now
    uow.session.add(row)
    await uow.session.flush()
    what = "to swap a shift" if wish.in_return else "for cover"
    did = f"asked {what} in “{schedule.name}” {when(uow, start_at, end_at)}"
    record_swap(uow, Fact.SWAP_ASKED, row, schedule, did)
    mine = f"{names[wish.user_id]} stays on call until somebody takes it"
    missed = await tell_asked(uow, row, schedule)
    return Done(row.id, f"Asked {what} in “{schedule.name}”; {mine}.{missed}", schedule.id)


async def take(uow: UnitOfWork, swap_id: int, part: Part) -> Done:
    """Take an offered shift, or a part of it: the rest stays offered.

    Raises:
        NotFound: there is no such offer.
        Forbidden: it was not offered to the actor.
        Conflict: it is not open any more, or its person is replaced by another already.
        Invalid: the part lies outside of it, its person is not on call then any more, or the taker would not be;
            or a swap lacks what is given in return, or would give all of that for a part.
    """
    await require(uow, Need.ARRANGE_COVER)
    row, schedule = await _held(uow, swap_id)
    taker = uow.user_id
    if taker is None or taker == row.user_id:
        raise Forbidden("Only another person can take a shift that is offered.")
    if row.offered_to and taker not in row.offered_to:
        raise Forbidden("This shift was offered to others; ask its person to offer it to you.")
    _must_be_open(uow, row)
    names = await names_of(uow, (taker, row.user_id))
    taken = from_now(uow, part.start_at or row.start_at, part.end_at or row.end_at)
    if taken[0] < row.start_at or taken[1] > row.end_at:
        raise Invalid("That lies outside of the shift that is offered; take it, or a part within it.")
    back = _given(uow, row, part, taken, names[row.user_id])
    changes = [newest(Change.REPLACE, taken, user_id=taker, replaces=row.user_id)]
    if back is not None:
        changes.append(newest(Change.REPLACE, back, user_id=row.user_id, replaces=taker))
    before = await known(uow, schedule.id)
    await must_hand_over(uow, before, changes)
    rest = _offer_the_rest(uow, row, taken)
    row.start_at, row.end_at = taken
    row.status, row.taken_by, row.ended_at = "taken", taker, uow.now
    if back is not None:
        row.return_start_at, row.return_end_at = back
    for change in changes:
        await hand_over(uow, row, before, change)
    whose = f"{names[row.user_id]}'s shift in “{schedule.name}” {when(uow, *taken)}"
    in_return = f", who takes theirs {when(uow, *back)}" if back else ""
    await tell_taken(uow, row, schedule, rest)
    record_swap(uow, Fact.SWAP_TAKEN, row, schedule, f"took {whose}{in_return}")
    return Done(row.id, f"You have taken {whose}.", schedule.id)


async def withdraw(uow: UnitOfWork, swap_id: int) -> Done:
    """Take an offer back; the shift stays its person's.

    Raises:
        NotFound: there is no such offer.
        Forbidden: it is somebody else's.
        Conflict: it is not open any more.
    """
    await require(uow, Need.ARRANGE_COVER)
    row, schedule = await _held(uow, swap_id)
    await require_for(uow, row.user_id)
    _must_be_open(uow, row)
    row.status, row.ended_at = "withdrawn", uow.now
    record_swap(uow, Fact.SWAP_ENDED, row, schedule, f"withdrew an offer in “{schedule.name}”")
    return Done(row.id, f"Withdrew the offer in “{schedule.name}”; the shift stays as it is.", schedule.id)


async def expire(uow: UnitOfWork) -> int:
    """End offers that nobody took in time, EXPIRED_AT_ONCE at most, and return how many; their people stay on call."""
    statement = (
        select(ShiftSwapRow, ScheduleRow)
        .join(ScheduleRow, ScheduleRow.id == ShiftSwapRow.schedule_id)
        .where(ShiftSwapRow.status == "open", ShiftSwapRow.expires_at <= uow.now)
        .order_by(ShiftSwapRow.id)
        .limit(EXPIRED_AT_ONCE)
        .with_for_update(of=ShiftSwapRow, skip_locked=True)
    )
    found = (await uow.session.execute(statement)).all()
    for row, schedule in found:
        row.status, row.ended_at = "expired", uow.now
        did = f"ended an offer in “{schedule.name}” that nobody took: the shift stays as it is"
        record_swap(uow, Fact.SWAP_ENDED, row, schedule, did)
        await tell_expired(uow, row, schedule)
    return len(found)


async def _held(uow: UnitOfWork, swap_id: int) -> tuple[ShiftSwapRow, ScheduleRow]:
    schedule_id = await uow.session.scalar(select(ShiftSwapRow.schedule_id).where(ShiftSwapRow.id == swap_id))
    if schedule_id is None:
        raise NotFound("There is no such offer.")
    schedule = await held(uow, schedule_id)
    statement = select(ShiftSwapRow).where(ShiftSwapRow.id == swap_id).with_for_update()
    return (await uow.session.scalars(statement.execution_options(populate_existing=True))).one(), schedule


def _must_be_open(uow: UnitOfWork, row: ShiftSwapRow) -> None:
    if row.status != "open":
        raise Conflict(f"This offer is not open any more: it was {row.status}.")
    if row.expires_at <= uow.now:
        raise Conflict("This offer has expired; the shift stays as it is.")


def _given(uow: UnitOfWork, row: ShiftSwapRow, part: Part, taken: Interval, name: str) -> Interval | None:
    """Return the time of the taker that they give for it: what was asked for, else what they name."""
    if row.kind == "cover":
        return None
    if row.return_start_at is not None and taken != from_now(uow, row.start_at, row.end_at):
        raise Invalid(
            f"{name} wants a whole shift of yours for the whole of this one. Take all of it,"
            f" or ask {name} to offer the part that you can take."
        )
    start_at, end_at = row.return_start_at or part.return_start_at, row.return_end_at or part.return_end_at
    if start_at is None or end_at is None:
        raise Invalid("This is a swap: say return_start_at and return_end_at, the shift of yours that they get.")
    return from_now(uow, start_at, end_at)


def _offer_the_rest(uow: UnitOfWork, row: ShiftSwapRow, taken: Interval) -> Sequence[Interval]:
    """Go on offering what was not taken, and return it: until it begins, as all of it was, or until what was said."""
    until_it_begins = row.expires_at == row.start_at
    left = [
        (start_at, end_at)
        for start_at, end_at in ((max(row.start_at, uow.now), taken[0]), (taken[1], row.end_at))
        if start_at < end_at
    ]
    for start_at, end_at in left:
        rest = ShiftSwapRow(schedule_id=row.schedule_id, kind=row.kind, status="open", user_id=row.user_id)
        rest.start_at, rest.end_at, rest.offered_to, rest.note = start_at, end_at, row.offered_to, row.note
        rest.expires_at = start_at if until_it_begins else min(row.expires_at, end_at)
        rest.created_at = row.created_at
        uow.session.add(rest)
    return left
