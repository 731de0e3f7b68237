"""What a change of a schedule undoes of what was arranged: with the kind of each, and everybody's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.schedule import Schedule
from opsknight.domain.model.undone import Undone, concerned, in_place_of, undone
from opsknight.domain.store.tables import OverrideRow, ShiftSwapRow, UserRow


class UndoneLine(TypedDict):
    """A time in which somebody would not be on call any more by what was arranged; `by` ends a sentence."""

    user_id: int
    user: str
    by: str
    what: str
    start_at: float
    end_at: float


async def undone_by(
    session: AsyncSession, before: Schedule, after: Schedule, *, at: datetime
) -> tuple[Sequence[Undone], Mapping[int, str]]:
    """Return what of the arrangements of `before` does less `after`, and the names of those whom it concerns."""
    found = list(undone(before, after, now=at))
    if not found:
        return [], {}
    numbers = [one.override.id for one in found]
    swaps = select(OverrideRow.id, ShiftSwapRow.kind).join(ShiftSwapRow, ShiftSwapRow.id == OverrideRow.swap_id)
    kinds = {row.id: row.kind for row in await session.execute(swaps.where(OverrideRow.id.in_(numbers)))}
    people = {user for one in found for user in concerned(one)}
    rows = await session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(people)))
    told = [replace(one, what=kinds.get(one.override.id, one.what)) for one in found]
    return told, {row.id: row.name for row in rows}


def undone_lines(found: Iterable[Undone], names: Mapping[int, str]) -> list[UndoneLine]:
    """Return what would be undone, time by time."""
    return [
        UndoneLine(
            user_id=one.override.user_id or 0,
            user=names.get(one.override.user_id or 0, "Somebody"),
            by=in_place_of(one, names),
            what=one.what,
            start_at=start.timestamp(),
            end_at=end.timestamp(),
        )
        for one in found
        for start, end in one.times
    ]
