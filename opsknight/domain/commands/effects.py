"""What a change of who is on call would come to, before it is made: refused where it would come to nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from opsknight.domain.model import effect as model
from opsknight.domain.model.effect import NEWEST
from opsknight.domain.model.giving_back import in_the_way
from opsknight.domain.model.override import Change, Override
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule, gaps
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid


async def known(uow: UnitOfWork, schedule_id: int) -> Schedule:
    """Return a schedule as it is now, of all time."""
    return (await schedules(uow.session, [schedule_id]))[schedule_id]


async def must_hand_over(uow: UnitOfWork, schedule: Schedule, changes: Sequence[Override]) -> None:
    """Return when all the time of those whom `changes` replace goes to whom they name, once all are made.

    Raises:
        Invalid: somebody has no time to hand over then, or another would not be on call in all of it.
    """
    then = model.with_overrides(schedule, *changes)
    for one in changes:
        time = one.start_at, one.end_at
        theirs = model.times_of(schedule, one.replaces or 0, *time)
        found = model.effect(schedule, then, one.user_id, *time)
        missing = model.without(theirs, found.done)
        if theirs and not missing:
            continue
        names = await _names(uow, schedule, one)
        if not theirs:
            whose = f"{names[one.replaces or 0]} is not on call in “{schedule.name}” at that time"
            raise Invalid(f"{whose}, so there is nothing to hand over.")
        why, what_now = model.why_not(schedule, one, missing, names)
        if one.change is Change.REMOVE:
            raise Invalid(f"Nobody could take that: {why}. {what_now}.")
        raise Invalid(f"{names[one.user_id or 0]} would not be on call in all of that time: {why}. {what_now}.")


async def must_be_takable(uow: UnitOfWork, schedule: Schedule, off: Override, *, by: Sequence[int]) -> None:
    """Return when the time that `off` takes from its person can go to one of `by`, or to anybody where none is named.

    Raises:
        Invalid: they would not be off call in all of it, or are replaced then already, as nobody is twice.
    """
    await must_hand_over(uow, schedule, [off])
    anybody = 0
    of, takers = off.replaces or 0, by or (anybody,)
    other = in_the_way(schedule, of=of, takers=takers, start=off.start_at, end=off.end_at)
    if other is None:
        return
    names = await _names(uow, schedule, other)
    already = f"{names[of]} is replaced by {names[other.user_id or 0]} then already (override {other.id})"
    raise Invalid(
        f"Nobody could take that: in a part of it {already}, and nobody is replaced by two at once."
        " Withdraw that override first, or offer another time."
    )


async def told(uow: UnitOfWork, schedule: Schedule, wished: Override) -> str:
    """Return in which part of its time an override does not do what it says, each sentence after a space.

    `schedule` is that without it; one that has a number of its own is done where that says.

    Raises:
        Invalid: it does so in none of it.
    """
    whole = wished.start_at, wished.end_at
    then = model.in_place(schedule, wished)
    found = model.effect(schedule, then, wished.user_id, *whole)
    names = await _names(uow, schedule, wished)
    if not found.done:
        why, what_now = model.why_not(schedule, wished, found.fails or (whole,), names)
        user = names.get(wished.user_id or 0, "")
        what = f"That would not put {user} on call" if found.fails else "That would change nothing"
        raise Invalid(f"{what}: {why}. {what_now}.")
    nothing = model.without([whole], (*found.done, *found.fails))
    nobody = model.without(gaps(then, *whole), gaps(schedule, *whole))
    others = model.without(found.fails, nobody)
    said = ""
    if nothing:
        said += (
            f" {model.of_that(nothing, whole, at=uow.now)}nothing changes: {_why(schedule, wished, nothing, names)}."
        )
    if nobody:
        why = f": {_why(schedule, wished, nobody, names)}" if model.without(nobody, found.done) else ""
        said += f" {model.of_that(nobody, whole, at=uow.now)}nobody is on call{why}."
    if others:
        part, user = model.of_that(others, whole, at=uow.now), names.get(wished.user_id or 0, "")
        said += f" {part}{user} is not on call: {_why(schedule, wished, others, names)}."
    return said


def newest(change: Change, time: Interval, *, user_id: int | None, replaces: int | None) -> Override:
    """Return an override that is not made yet."""
    return Override(NEWEST, change, *time, user_id, replaces)


def _why(schedule: Schedule, wished: Override, times: Sequence[Interval], names: Mapping[int, str]) -> str:
    return model.why_not(schedule, wished, times, names).why


async def _names(uow: UnitOfWork, schedule: Schedule, wished: Override) -> Mapping[int, str]:
    ids = schedule.people | {one for one in (wished.user_id, wished.replaces) if one is not None}
    rows = await uow.session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))
    return {row.id: row.name for row in rows}
