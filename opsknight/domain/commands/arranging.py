"""What every change of who is on call begins with: the schedule held, what was recorded, people known by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands.authority import require, require_configuring
from opsknight.domain.commands.recorded_shifts import record_shifts
from opsknight.domain.model.effect import lasting
from opsknight.domain.model.ledger import span
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import OverrideRow, ScheduleRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound

LONGEST: Final = timedelta(days=366)
MAX_NOTE: Final = 500
_EXCLUDED: Final = "23P01"


@dataclass(frozen=True, slots=True)
class Done:
    """Which thing was changed, the sentence that says how, and of which schedule it is, where it is of one."""

    id: int
    sentence: str
    schedule_id: int = 0


async def held(uow: UnitOfWork, schedule_id: int) -> ScheduleRow:
    """Return a schedule that nobody else can change now, with what was recorded until this instant.

    Raises:
        NotFound: there is no such schedule, or no longer.
    """
    await record_shifts(uow, uow.now, of=[schedule_id])
    statement = select(ScheduleRow).where(ScheduleRow.id == schedule_id, ScheduleRow.deleted_at.is_(None))
    row = await uow.session.scalar(statement)
    if row is None:
        raise NotFound("There is no such schedule.")
    return row


async def held_to_configure(uow: UnitOfWork, schedule_id: int) -> ScheduleRow:
    """Return a schedule as `held` does, to one who may change what it is: who manages its team, and admins.

    Raises:
        Forbidden: the actor may not, or manages other teams only.
        NotFound: there is no such schedule, or no longer.
    """
    await require(uow, Need.CONFIGURE)
    row = await held(uow, schedule_id)
    await require_configuring(uow, row.team_id)
    return row


async def names_of(uow: UnitOfWork, ids: Iterable[int | None]) -> Mapping[int, str]:
    """Return the names of people, all of whom are active.

    Raises:
        Invalid: one of them is not there, or deactivated.
    """
    wanted = {one for one in ids if one is not None}
    statement = select(UserRow.id, UserRow.name, UserRow.active).where(UserRow.id.in_(wanted))
    found = {row.id: row for row in await uow.session.execute(statement)}
    for one in sorted(wanted):
        if one not in found:
            raise Invalid(f"There is no person with the number {one}; choose one from the list.")
        if not found[one].active:
            raise Invalid(f"The account of {found[one].name} is deactivated; choose somebody else.")
    return {one: row.name for one, row in found.items()}


async def require_for(uow: UnitOfWork, user_id: int) -> None:
    """Return when the actor may arrange cover for `user_id`: everybody for themselves, managers for all.

    Raises:
        Forbidden: it is about somebody else.
    """
    await require(uow, Need.ARRANGE_COVER)
    if user_id != uow.user_id:
        try:
            await require(uow, Need.CONFIGURE)
        except Forbidden as refusal:
            raise Forbidden("You can do this for yourself only; ask a manager to do it for others.") from refusal


def from_now(uow: UnitOfWork, start_at: datetime, end_at: datetime) -> tuple[datetime, datetime]:
    """Return a span as far as it is to come: what was cannot be changed.

    Raises:
        Invalid: it ends before it begins, is over, or is too long.
    """
    if end_at <= start_at:
        raise Invalid("It ends before it begins.")
    if end_at <= uow.now:
        raise Invalid("It is over already, and what was cannot be changed.")
    if end_at - start_at > LONGEST:
        raise Invalid(f"It lasts {span((end_at - start_at).total_seconds())}; a year is the most.")
    return max(start_at, uow.now), end_at


def checked_note(note: str) -> str:
    """Return a note as it is stored.

    Raises:
        Invalid: it is too long.
    """
    note = " ".join(note.split())
    if len(note) > MAX_NOTE:
        raise Invalid(f"The note has {len(note)} characters; {MAX_NOTE} are allowed.")
    return note


def when(uow: UnitOfWork, start_at: datetime, end_at: datetime) -> str:
    """Return a span in words that need no zone: `for 8 h from now on`, `for 8 h, in 2 d`."""
    return lasting(start_at, end_at, at=uow.now)


async def put(uow: UnitOfWork, row: OverrideRow) -> OverrideRow:
    """Store an override.

    Raises:
        Conflict: the same person is replaced by another at the same time, or everybody is twice.
    """
    try:
        async with uow.session.begin_nested():
            uow.session.add(row)
            await uow.session.flush()
    except IntegrityError as error:
        raise await _refusal(uow, row, error) from error
    return row


async def amend(uow: UnitOfWork, row: OverrideRow, wanted: OverrideRow) -> None:
    """Let a stored override be as `wanted` says, which is stored nowhere.

    Raises:
        Conflict: as when one is put.
    """
    number = row.id
    try:
        async with uow.session.begin_nested():
            row.change, row.user_id, row.replaces_id = wanted.change, wanted.user_id, wanted.replaces_id
            row.start_at, row.end_at, row.note = wanted.start_at, wanted.end_at, wanted.note
            await uow.session.flush()
    except IntegrityError as error:
        raise await _refusal(uow, wanted, error, itself=number) from error


async def _refusal(
    uow: UnitOfWork, wanted: OverrideRow, error: IntegrityError, *, itself: int | None = None
) -> Exception:
    if getattr(error.orig, "sqlstate", None) != _EXCLUDED:
        return error
    return Conflict(await _in_the_way(uow, wanted, itself))


async def _in_the_way(uow: UnitOfWork, wanted: OverrideRow, itself: int | None) -> str:
    other = OverrideRow
    statement = (
        select(other.id, UserRow.name)
        .join(UserRow, UserRow.id == other.user_id)
        .where(other.schedule_id == wanted.schedule_id, other.change == "replace", other.deleted_at.is_(None))
        .where(other.start_at < wanted.end_at, other.end_at > wanted.start_at)
        .where(other.replaces_id.is_not_distinct_from(wanted.replaces_id), other.id.is_distinct_from(itself))
        .order_by(other.start_at)
        .limit(1)
    )
    row = (await uow.session.execute(statement)).first()
    by = "somebody else" if row is None else f"{row.name} (override {row.id})"
    who = "everybody is" if wanted.replaces_id is None else "they are"
    return f"In a part of that time {who} replaced by {by} already; withdraw that one first, or choose another time."
