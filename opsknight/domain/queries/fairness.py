"""What each person carries, over all and by schedule, and how evenly. Spans are seconds."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypedDict

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.clocks import Clocks
from opsknight.domain.model.duty_time import WEEKEND
from opsknight.domain.model.fairness import Call, Load, balance, during, loads
from opsknight.domain.model.schedule import OnCall
from opsknight.domain.queries import duty

_SECOND = timedelta(seconds=1)


class LoadLine(TypedDict):
    """What one person carried; what each figure counts says `domain.model.fairness.loads`."""

    user: str
    user_id: int
    zone: str
    on_call_s: int
    night_s: int
    weekend_s: int
    holiday_s: int
    interruptions: int
    by_night: int
    off_hours: int
    by_day: int
    high: int
    nights_on_call: int
    longest_run: int
    nights_broken: int
    sleep_lost_s: int


class RotaLine(TypedDict):
    """One schedule: how evenly it is shared, and by whom. `balance` is 0 to 100, None where nothing is shared out."""

    id: int
    name: str
    balance: int | None
    words: str
    people: list[LoadLine]


Fairness = TypedDict("Fairness", {"from": float, "to": float, "people": list[LoadLine], "schedules": list[RotaLine]})
"""A report: everybody over all its schedules, those who carried most first; then schedule by schedule."""


async def fairness(
    session: AsyncSession,
    *,
    start: datetime,
    end: datetime,
    schedule_id: int | None = None,
    team_id: int | None = None,
) -> Fairness:
    """Return what each person carried in `[start, end)`, over every schedule, one, or those of a team.

    Over all, whatever paged a person counts, also while they were not on call; by schedule, only what paged
    them on duty. Who takes turns in a schedule is told even where it was not their turn.
    """
    found = await duty.rotas(session, start=start, end=end, schedule_id=schedule_id, team_id=team_id)
    ids = {one for rota in found for one in rota.members}
    if team_id is not None:
        ids |= await duty.team_members(session, team_id)
    whom = None if schedule_id is None and team_id is None else ids
    called = await duty.calls(session, start=start, end=end, user_ids=whom)
    before = await duty.earlier(session, called, start=start, schedule_ids=[rota.id for rota in found])
    who = await duty.people(session, ids | {call.user_id for call in called})
    told = await asyncio.to_thread(
        _report, found, called, before, who, start=start, end=end
    )  # pages must not wait for it
    return {"from": start.timestamp(), "to": end.timestamp(), **told}


class _Told(TypedDict):
    people: list[LoadLine]
    schedules: list[RotaLine]


def _report(
    found: Sequence[duty.Rota],
    called: Sequence[Call],
    before: duty.Earlier,
    who: Mapping[int, tuple[str, Clocks]],
    *,
    start: datetime,
    end: datetime,
) -> _Told:
    its = {user: clocks for user, (_, clocks) in who.items()}
    of = partial(loads, start=start, end=end, clocks=its)
    whole = _over_all(found, called, of)
    by_rota = [
        of(rota.shifts, counted, holidays=rota.holidays, weekend=rota.weekend, also=rota.members)
        for rota in found
        for counted in [during((*before.calls, *called), (*before.shifts.get(rota.id, ()), *rota.shifts))]
    ]
    rotas = [_rota(rota, carried, who) for rota, carried in zip(found, by_rota, strict=True)]
    return _Told(people=_lines(whole, who), schedules=rotas)


def _over_all(found: Sequence[duty.Rota], called: Sequence[Call], of: Callable[..., Sequence[Load]]) -> list[Load]:
    """Return what each person carried over all schedules, whose free days are those of the schedules they are in."""
    rotas: dict[int, list[duty.Rota]] = defaultdict(list)
    shifts: dict[int, list[OnCall]] = defaultdict(list)
    calls: dict[int, list[Call]] = defaultdict(list)
    for rota in found:
        for shift in rota.shifts:
            shifts[shift.user_id].append(shift)
        for user in rota.members:
            rotas[user].append(rota)
    for call in called:
        calls[call.user_id].append(call)
    carried: list[Load] = []
    for user in sorted({*rotas, *calls}):
        holidays = frozenset(day for rota in rotas[user] for day in rota.holidays)
        weekend = frozenset(day for rota in rotas[user] for day in rota.weekend) or WEEKEND
        carried += of(shifts[user], calls[user], holidays=holidays, weekend=weekend, also=[user])
    return carried


def _rota(rota: duty.Rota, carried: Sequence[Load], who: Mapping[int, tuple[str, Clocks]]) -> RotaLine:
    even = balance(carried)
    return RotaLine(id=rota.id, name=rota.name, balance=even.score, words=even.words, people=_lines(carried, who))


def _lines(carried: Sequence[Load], who: Mapping[int, tuple[str, Clocks]]) -> list[LoadLine]:
    known = [load for load in carried if load.user_id in who]
    known.sort(key=lambda load: (-load.weighted, -load.interruptions, who[load.user_id][0].lower(), load.user_id))
    return [_line(load, *who[load.user_id]) for load in known]


def _line(load: Load, name: str, clocks: Clocks) -> LoadLine:
    return LoadLine(
        user=name,
        user_id=load.user_id,
        zone=clocks.now.key,
        on_call_s=load.on_call // _SECOND,
        night_s=load.night // _SECOND,
        weekend_s=load.weekend // _SECOND,
        holiday_s=load.holiday // _SECOND,
        interruptions=load.interruptions,
        by_night=load.by_night,
        off_hours=load.off_hours,
        by_day=load.by_day,
        high=load.high,
        nights_on_call=load.nights_on_call,
        longest_run=load.longest_run,
        nights_broken=load.nights_broken,
        sleep_lost_s=load.sleep_lost // _SECOND,
    )
