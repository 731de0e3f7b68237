"""Temporary schedules: layers of their own, or shifts written down by hand, instead of all there is for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from opsknight.domain.commands.arranging import Done, from_now, held_to_configure, names_of, when
from opsknight.domain.commands.effects import known
from opsknight.domain.commands.telling_undone import tell_of_change
from opsknight.domain.model.layer_plan import MAX_NAME, BadSchedule, LayerPlan, check
from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.tables import ScheduleRow, TemporaryScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound, Stale


@dataclass(frozen=True, slots=True)
class Wish:
    """What is all there is of a schedule in `[start_at, end_at)`: layers in order, the highest first."""

    name: str
    layers: Sequence[LayerPlan]
    start_at: datetime
    end_at: datetime


async def replace_for_a_while(uow: UnitOfWork, schedule_id: int, wish: Wish) -> Done:
    """Let the layers of `wish` be all there is of a schedule in its time, from now on at the earliest.

    Where they cover nothing, nobody is on call. Of several at once the newest counts.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team.
        Invalid: a layer or the span cannot be used.
    """
    schedule = await held_to_configure(uow, schedule_id)
    name = await _checked(uow, wish)
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    before = await known(uow, schedule.id)
    row = TemporaryScheduleRow(schedule_id=schedule.id, name=name, start_at=start_at, end_at=end_at)
    row.layers = [layer.to_json() for layer in wish.layers]
    row.created_by, row.created_at = uow.user_id, uow.now
    uow.session.add(row)
    await uow.session.flush()
    lasting = when(uow, start_at, end_at)
    uow.record(
        Fact.OVERRIDDEN,
        subject=f"schedule:{schedule.id}",
        did=f"replaced “{schedule.name}” by “{name}” {lasting}",
        name=schedule.name,
        temporary_id=row.id,
        after=_plain(row),
    )
    missed = await tell_of_change(uow, before, schedule)
    return Done(row.id, f"“{name}” replaces “{schedule.name}” {lasting}.{missed}", schedule.id)


async def change(uow: UnitOfWork, temporary_id: int, wish: Wish, *, seen_version: int | None = None) -> Done:
    """Let a temporary schedule be as `wish` says, from now on and in one step; what it did until now stays as it was.

    One that runs goes on from its own start, unless it shall begin later. It keeps its place among those that were
    made before and after it.

    Raises:
        NotFound: there is no such temporary schedule.
        Forbidden: the actor does not manage the team of its schedule.
        Conflict: it is over, or withdrawn already.
        Stale: somebody else changed it since `seen_version`.
        Invalid: as when one is made.
    """
    row, schedule = await _held(uow, temporary_id)
    if seen_version not in (None, row.version):
        raise Stale(
            f"“{row.name}” changed while you were looking; look at it again, then change it.", current=_plain(row)
        )
    name = await _checked(uow, wish)
    start_at, end_at = from_now(uow, wish.start_at, wish.end_at)
    if row.start_at <= uow.now and start_at == uow.now:
        start_at = row.start_at  # it runs, and what it did is recorded
    was, before = _plain(row), await known(uow, schedule.id)
    row.name, row.start_at, row.end_at = name, start_at, end_at
    row.layers = [layer.to_json() for layer in wish.layers]
    if was == _plain(row):
        return Done(row.id, f"“{name}” is like that already.", schedule.id)
    row.version += 1
    await uow.session.flush()
    lasting = when(uow, max(start_at, uow.now), end_at)
    uow.record(
        Fact.OVERRIDE_CHANGED,
        subject=f"schedule:{schedule.id}",
        did=f"changed “{name}”, which replaces “{schedule.name}” {lasting}",
        name=schedule.name,
        temporary_id=row.id,
        before=was,
        after=_plain(row),
    )
    missed = await tell_of_change(uow, before, schedule)
    return Done(row.id, f"“{name}” replaces “{schedule.name}” {lasting}.{missed}", schedule.id)


async def withdraw(uow: UnitOfWork, temporary_id: int) -> Done:
    """Take a temporary schedule back, from now on; who was on call by it until now stays recorded.

    Raises:
        NotFound: there is no such temporary schedule.
        Forbidden: the actor does not manage the team of its schedule.
        Conflict: it is over, or withdrawn already.
    """
    row, schedule = await _held(uow, temporary_id)
    before = await known(uow, schedule.id)
    row.deleted_at = uow.now
    uow.record(
        Fact.OVERRIDE_WITHDRAWN,
        subject=f"schedule:{schedule.id}",
        did=f"withdrew “{row.name}”, which replaced “{schedule.name}” for a while",
        name=schedule.name,
        temporary_id=row.id,
        before=_plain(row),
    )
    missed = await tell_of_change(uow, before, schedule)
    return Done(row.id, f"Withdrew “{row.name}”; “{schedule.name}” counts again.{missed}", schedule.id)


async def _held(uow: UnitOfWork, temporary_id: int) -> tuple[TemporaryScheduleRow, ScheduleRow]:
    """Return a temporary schedule that still counts, with its schedule, which nobody else can change now."""
    kept = TemporaryScheduleRow
    schedule_id = await uow.session.scalar(select(kept.schedule_id).where(kept.id == temporary_id))
    if schedule_id is None:
        raise NotFound("There is no such temporary schedule.")
    schedule = await held_to_configure(uow, schedule_id)
    row = await uow.session.get_one(kept, temporary_id, populate_existing=True)
    if row.deleted_at is not None:
        raise Conflict(f"“{row.name}” has been withdrawn already.")
    if row.end_at <= uow.now:
        raise Conflict(f"“{row.name}” is over already, and what was cannot be changed.")
    return row, schedule


async def _checked(uow: UnitOfWork, wish: Wish) -> str:
    """Return the name of `wish` as it is stored, where it and the layers can be used.

    Raises:
        Invalid: they cannot, or somebody in them is not there any more.
    """
    name = " ".join(wish.name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"A temporary schedule needs a name of {MAX_NAME} characters at most, such as “Moving day”.")
    try:
        check(wish.layers)
    except BadSchedule as refusal:
        raise Invalid(str(refusal)) from refusal
    await names_of(uow, {user for layer in wish.layers for user in layer.people})
    return name


def _plain(row: TemporaryScheduleRow) -> dict[str, object]:
    return {
        "name": row.name,
        "start_at": row.start_at.timestamp(),
        "end_at": row.end_at.timestamp(),
        "layers": row.layers,
    }
