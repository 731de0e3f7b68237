"""What comes of leave on all schedules, before it is noted and as it is: who has the shifts, and where nobody is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.leave_effect import Away, of_leave, sentences
from opsknight.domain.model.override import Leave
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.queries.people import people
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import ScheduleRow
from opsknight.errors import Invalid


class TakenLine(TypedDict):
    """A time of who is away in which somebody is on call: their substitute, or they themselves, `away` as they are."""

    user_id: int
    user: str
    start_at: float
    end_at: float
    away: bool


class AwayLine(TypedDict):
    """What comes of a leave in one schedule; `gaps` are those that it makes."""

    schedule_id: int
    schedule: str
    taken: list[TakenLine]
    gaps: list[tuple[float, float]]


class LeavePreview(TypedDict):
    """What comes of a leave, in a sentence or more and schedule by schedule: those in which it changes anything."""

    sentence: str
    schedules: list[AwayLine]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What comes of a leave: the sentence, in each schedule, and everybody's name."""

    sentence: str
    found: Mapping[int, Away]
    names: Mapping[int, str]


async def foreseen(session: AsyncSession, leave: Leave, *, at: datetime, unset: Collection[str] = ()) -> Foreseen:
    """Return at `at` what comes of `leave`; a stored one of its number does not count beside it.

    Raises:
        Invalid: there is no such person.
    """
    live = select(ScheduleRow.id).where(ScheduleRow.deleted_at.is_(None)).order_by(ScheduleRow.id)
    known = await schedules(session, (await session.scalars(live)).all(), since=leave.start_at)
    everybody = await people(session, at=at, unset=unset)
    names = {one["id"]: one["name"] for one in everybody}
    for number in (leave.user_id, leave.substitute_id):
        if number is not None and number not in names:
            raise Invalid(f"There is no person with the number {number}; choose one from the list.")
    found = await asyncio.to_thread(_effects, known, leave)  # a long leave on many schedules: pages must not wait
    said = sentences(
        [*found.values()],
        leave,
        names,
        unreachable={one["id"] for one in everybody if not one["reachable"]},
        at=at,
    )
    return Foreseen(said, found, names)


async def leave_preview(
    session: AsyncSession, leave: Leave, *, at: datetime, unset: Collection[str] = ()
) -> LeavePreview:
    """Return what would come of `leave`; where it stands for one that is noted, it is instead of that.

    Raises:
        Invalid: there is no such person.
    """
    told = await foreseen(session, leave, at=at, unset=unset)
    lines = [_line(number, one, told.names) for number, one in told.found.items()]
    return {"sentence": told.sentence, "schedules": [line for line in lines if line["taken"] or line["gaps"]]}


def _effects(known: Mapping[int, Schedule], leave: Leave) -> Mapping[int, Away]:
    return {
        number: of_leave(_without(schedule, leave.id), leave)
        for number, schedule in known.items()
        if leave.user_id in schedule.people
    }


def _without(schedule: Schedule, leave_id: int) -> Schedule:
    return replace(schedule, leaves=tuple(one for one in schedule.leaves if one.id != leave_id))


def _line(number: int, one: Away, names: Mapping[int, str]) -> AwayLine:
    had = [(user, time, False) for user, times in one.taken.items() for time in times]
    still = [(user, time, True) for user, times in one.still.items() for time in times if user not in one.taken]
    taken = sorted([*had, *still], key=lambda each: each[1])
    return {
        "schedule_id": number,
        "schedule": one.schedule,
        "taken": [
            {"user_id": user, "user": names[user], "start_at": start, "end_at": end, "away": is_away}
            for user, time, is_away in taken
            for start, end in _seconds([time])
        ],
        "gaps": _seconds(one.gaps),
    }


def _seconds(times: Sequence[Interval]) -> list[tuple[float, float]]:
    return [(start.timestamp(), end.timestamp()) for start, end in times]
