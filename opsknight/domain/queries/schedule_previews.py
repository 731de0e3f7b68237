"""What would be: a schedule as somebody is about to save it, or with an override that nobody has made yet.

Answered by the same functions that page, from what is stored now and what is wished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.model.effect import NEWEST, Effect, effect, in_place, why_not, without_override
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.model.ledger import span
from opsknight.domain.model.override import Change, OnLeave, Override
from opsknight.domain.model.wall_clock import clock_changes
from opsknight.domain.queries.oncall import Shift, shift_line
from opsknight.domain.queries.people import PersonLine, people
from opsknight.domain.queries.schedule_lines import LayerLine, Timeline, overrides, temporary_schedules
from opsknight.domain.queries.schedules import everybody_away, holiday_dates, schedules
from opsknight.domain.queries.undone import UndoneLine, undone_by, undone_lines
from opsknight.domain.store.tables import ScheduleRow
from opsknight.errors import NotFound

WEIGHED: Final = timedelta(weeks=13)
"""Over which load, handoffs and coverage are compared: long enough for several rounds of a weekly rotation."""
_CLOCK_CHANGES: Final = 2
_AFTER_THEM: Final = timedelta(weeks=1)
_INSTANT: Final = timedelta(microseconds=1)
_NOTHING: Final = timedelta()


class Load(TypedDict):
    """How long somebody would be on call, and is as the schedule stands; and whether a page reaches them at all."""

    user_id: int
    user: str
    on_call_s: float
    on_call_now_s: float
    shifts: int
    reachable: bool


class Difference(TypedDict):
    """A quarter of a year as it would be, and as it is with the schedule as it stands; None for a new one.

    A handoff is an instant at which others come on call. `gaps` are those that there would be.
    """

    until_at: float
    covered_s: float
    covered_now_s: float | None
    handoffs: int
    handoffs_now: int | None
    gaps: list[tuple[float, float]]


class ClockChange(TypedDict):
    """When the clocks of `zones` are changed, and who would be on call then, in whole shifts.

    `shifts_now` are those of the schedule as it stands; None for a new one.
    """

    at: float
    zones: list[str]
    shifts: list[Shift]
    shifts_now: list[Shift] | None


class UntilClocks(TypedDict):
    """The gaps that there would be until a week after each zone has changed its clocks twice, WEIGHED at least."""

    until_at: float
    gaps: list[tuple[float, float]]


class SchedulePreview(TypedDict):
    """A schedule as it would be, what is different, and what each of its people would have to do in WEIGHED.

    Who has no turn is not left out, nor who has none any more. `undone` is what it takes away of swaps, cover and
    overrides, from now on.
    """

    timeline: Timeline
    difference: Difference
    load: list[Load]
    clock_changes: list[ClockChange]
    undone: list[UndoneLine]
    until_clocks: UntilClocks


class OverridePreview(TypedDict):
    """Who is on call in a time now, and who would be; `gaps` are those that there would be."""

    before: list[Shift]
    after: list[Shift]
    gaps_before: list[tuple[float, float]]
    gaps: list[tuple[float, float]]
    changes: bool
    sentence: str


async def schedule_preview(
    session: AsyncSession,
    *,
    schedule_id: int | None,
    name: str,
    zone: str,
    layers: Sequence[LayerPlan],
    shadow_layers: Sequence[LayerPlan],
    on_leave: OnLeave,
    country: str,
    subdivision: str,
    holidays: Iterable[date],
    start: datetime,
    end: datetime,
    at: datetime,
    unset: Collection[str] = (),
) -> SchedulePreview:
    """Return `schedule_id`, or a new schedule, from `start` to `end` as it would be with these layers.

    What changes it for a while, and who is away, counts as it does now.

    Raises:
        NotFound: there is no such schedule.
    """
    known = await _new(session) if schedule_id is None else await _known(session, schedule_id)
    imported = await session.scalar(select(ScheduleRow.imported_holidays).where(ScheduleRow.id == schedule_id))
    days = holiday_dates(country, subdivision, [*(day.isoformat() for day in holidays), *(imported or ())])
    wished = replace(
        known,
        name=name,
        layers=tuple(plan.layer(zone, days) for plan in layers),
        shadow_layers=tuple(plan.layer(zone, days) for plan in shadow_layers),
        on_leave=on_leave,
    )
    everybody = {one["id"]: one for one in await people(session, at=at, unset=unset)}
    found = model.shifts(wished, start, end)
    names = {number: one["name"] for number, one in everybody.items()}
    far = start + WEIGHED
    changing = _clock_changes(zone, layers, start)
    later = max([far, *(at + _AFTER_THEM for at in changing)])
    ever = _within(await asyncio.to_thread(model.shifts, wished, start, later), start, later)  # pages must not wait
    then = _within((one for one in ever if one.start_at < far), start, far)
    now = _within(model.shifts(known, start, far), start, far)
    have_shifts = {one.user_id for one in (*then, *now)}
    in_it = (wished.members | known.members | have_shifts) & everybody.keys()
    return {
        "timeline": {
            **drawn(wished, found, names, start, end),
            "overrides": await overrides(session, schedule_id or 0, start=start, end=end),
            "temporary": await temporary_schedules(session, schedule_id or 0, start=start, end=end),
        },
        "difference": _difference(then, None if schedule_id is None else now, start, far),
        "load": _loads(then, now, [everybody[number] for number in in_it]),
        "clock_changes": _clock_lines(changing, wished, None if schedule_id is None else known, names),
        "until_clocks": {
            "until_at": later.timestamp(),
            "gaps": _seconds(model.uncovered((start, later), _covers(ever))),
        },
        "undone": undone_lines(*await undone_by(session, known, wished, at=at)),
    }


async def override_preview(
    session: AsyncSession, schedule_id: int, wished: Override, *, at: datetime
) -> OverridePreview:
    """Return what an override would change, from `at` on at the earliest; one of its number is changed to it.

    Raises:
        NotFound: there is no such schedule.
    """
    known = await _known(session, schedule_id)
    start, end = max(wished.start_at, at), max(wished.end_at, at)
    wished = replace(wished, start_at=start)
    then = in_place(known, wished)
    before, after = (_within(model.shifts(one, start, end), start, end) for one in (known, then))
    names = {one["id"]: one["name"] for one in await people(session, at=at)}
    gaps_before, known = _seconds(model.gaps(known, start, end)), without_override(known, wished.id)
    bare = before if wished.id == NEWEST else _within(model.shifts(known, start, end), start, end)
    found = effect(known, then, wished.user_id, start, end)
    return {
        "before": [shift_line(one, names) for one in before],
        "after": [shift_line(one, names) for one in after],
        "gaps_before": gaps_before,
        "gaps": _seconds(model.gaps(then, start, end)),
        "changes": bool(found.done or found.fails),
        "sentence": _sentence(wished, bare, after, names)
        if found.done
        else _without_effect(known, wished, found, names),
    }


async def _new(session: AsyncSession) -> model.Schedule:
    return model.Schedule((), leaves=await everybody_away(session))


async def _known(session: AsyncSession, schedule_id: int) -> model.Schedule:
    found = (await schedules(session, [schedule_id])).get(schedule_id)
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


def _clock_changes(zone: str, layers: Sequence[LayerPlan], after: datetime) -> Mapping[datetime, list[str]]:
    """Return when the clocks by which `layers` go are changed next, twice each, and of which zones, in order."""
    found: dict[datetime, list[str]] = {}
    for name in sorted({layer.zone or zone for layer in layers} or {zone}):
        for at in clock_changes(ZoneInfo(name), after=after)[:_CLOCK_CHANGES]:
            found.setdefault(at, []).append(name)
    return dict(sorted(found.items()))


def _clock_lines(
    changing: Mapping[datetime, list[str]],
    wished: model.Schedule,
    known: model.Schedule | None,
    names: Mapping[int, str],
) -> list[ClockChange]:
    return [
        {
            "at": at.timestamp(),
            "zones": zones,
            "shifts": _at(wished, at, names),
            "shifts_now": None if known is None else _at(known, at, names),
        }
        for at, zones in changing.items()
    ]


def _at(schedule: model.Schedule, at: datetime, names: Mapping[int, str]) -> list[Shift]:
    return [shift_line(one, names) for one in model.shifts(schedule, at, at + _INSTANT)]


def drawn(
    schedule: model.Schedule, found: Sequence[model.OnCall], names: Mapping[int, str], start: datetime, end: datetime
) -> Timeline:
    """Return a schedule from `start` to `end` as a time line whose final row is `found`."""
    covers = model.merged((one.start_at, one.end_at) for one in found)
    return {
        "schedule_id": schedule.id or 0,
        "schedule": schedule.name,
        "from_at": start.timestamp(),
        "to_at": end.timestamp(),
        "final": [shift_line(one, names) for one in found],
        "layers": [_shown(one, names) for one in model.layers_shown(schedule, start, end)],
        "shadows": [_shown(one, names) for one in model.shadows(schedule, start, end)],
        "overrides": [],
        "temporary": [],
        "gaps": _seconds(model.uncovered((start, end), covers)),
        "away": [shift_line(one, names) for one in model.away(schedule, start, end)],
    }


def _shown(one: model.LayerShown, names: Mapping[int, str]) -> LayerLine:
    return {
        "id": one.layer.id,
        "name": one.layer.name,
        "turns": [shift_line(turn, names) for turn in one.turns],
    }


def _within(found: Iterable[model.OnCall], start: datetime, end: datetime) -> list[model.OnCall]:
    return [replace(one, start_at=max(one.start_at, start), end_at=min(one.end_at, end)) for one in found]


def _seconds(gaps: Iterable[model.Interval]) -> list[tuple[float, float]]:
    return [(start.timestamp(), end.timestamp()) for start, end in gaps]


def _loads(then: Sequence[model.OnCall], now: Sequence[model.OnCall], who: Iterable[PersonLine]) -> list[Load]:
    lines: list[Load] = [
        {
            "user_id": person["id"],
            "user": person["name"],
            "on_call_s": _time_of(person["id"], then).total_seconds(),
            "on_call_now_s": _time_of(person["id"], now).total_seconds(),
            "shifts": sum(one.user_id == person["id"] for one in then),
            "reachable": person["active"] and person["reachable"],
        }
        for person in who
    ]
    return sorted(lines, key=lambda line: (-line["on_call_s"], line["user"].lower()))


def _difference(
    then: Sequence[model.OnCall], now: Sequence[model.OnCall] | None, start: datetime, end: datetime
) -> Difference:
    covers = _covers(then)
    return {
        "until_at": end.timestamp(),
        "covered_s": _length(covers),
        "covered_now_s": None if now is None else _length(_covers(now)),
        "handoffs": _handoffs(then, start),
        "handoffs_now": None if now is None else _handoffs(now, start),
        "gaps": _seconds(model.uncovered((start, end), covers)),
    }


def _covers(found: Iterable[model.OnCall]) -> list[model.Interval]:
    return model.merged((one.start_at, one.end_at) for one in found)


def _length(covers: Iterable[model.Interval]) -> float:
    return sum((end - start).total_seconds() for start, end in covers)


def _handoffs(found: Sequence[model.OnCall], start: datetime) -> int:
    """Return at how many instants after `start` somebody comes on call who was not just before."""
    ended = {(one.user_id, one.end_at) for one in found}
    return len({one.start_at for one in found if one.start_at > start and (one.user_id, one.start_at) not in ended})


def _time_of(user_id: int | None, found: Iterable[model.OnCall]) -> timedelta:
    return sum((one.end_at - one.start_at for one in found if one.user_id == user_id), _NOTHING)


def _without_effect(known: model.Schedule, wished: Override, found: Effect, names: Mapping[int, str]) -> str:
    why, what_now = why_not(known, wished, found.fails or ((wished.start_at, wished.end_at),), names)
    what = (
        f"This does not put {names.get(wished.user_id or 0, 'them')} on call" if found.fails else "This changes nothing"
    )
    return f"{what}: {why}. {what_now}."


def _sentence(
    wished: Override, before: Sequence[model.OnCall], after: Sequence[model.OnCall], names: Mapping[int, str]
) -> str:
    user, other = names.get(wished.user_id or 0, "They"), names.get(wished.replaces or 0, "everybody else")
    if wished.change is Change.REMOVE:
        taken = _time_of(wished.replaces, before) - _time_of(wished.replaces, after)
        return f"{other} is off call for {_words(taken)}."
    more = _time_of(wished.user_id, after) - _time_of(wished.user_id, before)
    if wished.change is Change.ADD:
        return f"{user} is on call as well, for {_words(more)}."
    if more <= _NOTHING:
        return f"{other} is off call; {user} is on call in that time already."
    return f"{user} is on call instead of {other}, for {_words(more)}."


def _words(time: timedelta) -> str:
    return span(time.total_seconds())
