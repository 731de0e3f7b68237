"""A temporary schedule before it is made: who would be on call in its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import schedule as model
from opsknight.domain.model.effect import NEWEST
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.queries.oncall import user_names
from opsknight.domain.queries.schedule_lines import Timeline
from opsknight.domain.queries.schedule_previews import drawn
from opsknight.domain.queries.schedules import holiday_dates, schedules
from opsknight.domain.store.tables import ScheduleRow
from opsknight.errors import NotFound


async def temporary_preview(
    session: AsyncSession,
    schedule_id: int,
    *,
    name: str,
    layers: Sequence[LayerPlan],
    start: datetime,
    end: datetime,
    until: datetime,
) -> Timeline:
    """Return a schedule from `start` to `until` as it would be if `layers` were all there is in `[start, end)`.

    The layers drawn are those of the temporary schedule; who is away counts as the schedule has it.

    Raises:
        NotFound: there is no such schedule.
    """
    row = await session.get(ScheduleRow, schedule_id)
    if row is None or row.deleted_at is not None:
        raise NotFound("There is no such schedule.")
    known = (await schedules(session, [schedule_id], since=start))[schedule_id]
    days = holiday_dates(row.country, row.subdivision, [*row.holidays, *row.imported_holidays])
    its = tuple(plan.layer(row.zone, days) for plan in layers)
    made = model.Temporary(NEWEST, name, start, end, its)
    wished = replace(known, layers=its, shadow_layers=(), temporaries=(*known.temporaries, made))
    found = model.shifts(wished, start, until)
    turns = [turn for shown in model.layers_shown(wished, start, until) for turn in shown.turns]
    names = await user_names(session, [*found, *turns, *model.away(wished, start, until)])
    return drawn(wished, found, names, start, until)
