"""A temporary schedule before it is made or changed: who would be on call in its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.model.effect import NEWEST
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.model.restriction import Interval
from opsknight.domain.queries.oncall import user_names
from opsknight.domain.queries.schedule_lines import Timeline
from opsknight.domain.queries.schedule_previews import drawn
from opsknight.domain.queries.schedules import holiday_dates, schedules
from opsknight.domain.queries.undone import UndoneLine, undone_by, undone_lines
from opsknight.domain.store.tables import ScheduleRow
from opsknight.errors import NotFound


class TemporaryPreview(TypedDict):
    """What a temporary schedule would change; `undone` is what of swaps, cover and overrides it would take away."""

    timeline: Timeline
    undone: list[UndoneLine]


async def temporary_preview(
    session: AsyncSession,
    schedule_id: int,
    *,
    name: str,
    layers: Sequence[LayerPlan],
    time: Interval,
    within: timedelta,
    at: datetime,
    instead_of: int = NEWEST,
) -> TemporaryPreview:
    """Return a schedule as it would be if `layers` were all there is of it in `time`, from its start on for `within`.

    They are so instead of the temporary schedule of that number, in its place among the others: the newest counts. The
    layers drawn are those of this one; who is away counts as the schedule has it. What has begun before `at` is not
    undone any more.

    Raises:
        NotFound: there is no such schedule.
    """
    row = await session.get(ScheduleRow, schedule_id)
    if row is None or row.deleted_at is not None:
        raise NotFound("There is no such schedule.")
    start, end = time
    until = min(end, start + within)
    known = (await schedules(session, [schedule_id], since=min(start, at)))[schedule_id]
    days = holiday_dates(row.country, row.subdivision, [*row.holidays, *row.imported_holidays])
    its = tuple(plan.layer(row.zone, days) for plan in layers)
    others = (one for one in known.temporaries if one.id != instead_of)
    then = replace(known, temporaries=(*others, model.Temporary(instead_of, name, start, end, its)))
    wished = replace(then, layers=its, shadow_layers=())
    found = model.shifts(wished, start, until)
    turns = [turn for shown in model.layers_shown(wished, start, until) for turn in shown.turns]
    names = await user_names(session, [*found, *turns, *model.away(wished, start, until)])
    return TemporaryPreview(
        timeline=drawn(wished, found, names, start, until),
        undone=undone_lines(*await undone_by(session, known, then, at=at)),
    )
