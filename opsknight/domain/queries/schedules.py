"""Schedules as the model reads them: for the engine, for screens, and for whoever asks who is on call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.layer import Layer
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.override import Change, Leave, OnLeave, Override
from opsknight.domain.model.restriction import Holidays, Part
from opsknight.domain.model.rotation import Turn, Unit
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.model.stack import Temporary
from opsknight.domain.queries.public_holidays import public_holidays

_SCHEDULES = text("""
    SELECT s.id, s.name, s.zone, s.on_leave, s.country, s.subdivision, s.shadow_layers,
           s.holidays || s.imported_holidays AS dates,
           l.id AS layer_id, l.name AS layer, l.kind, l.zone AS layer_zone, l.starts_at, l.ends_at, l.unit, l.length,
           l.handoffs, l.parts, l.holidays, l.active_only, l.shifts,
           (SELECT jsonb_agg(jsonb_build_array(coalesce(m.group_number, m.position), m.user_id) ORDER BY m.position)
            FROM layer_members m WHERE m.layer_id = l.id) AS members
    FROM schedules s LEFT JOIN layers l ON l.schedule_id = s.id
    WHERE s.id = ANY(:ids) ORDER BY s.id, l.position DESC
""").columns(dates=JSONB, shadow_layers=JSONB, handoffs=JSONB, parts=JSONB, shifts=JSONB, members=JSONB)
_CHANGES = text("""
    SELECT 'override' AS what, o.schedule_id, o.id, o.start_at, o.end_at, o.change, o.user_id, o.replaces_id AS other,
           r.name, NULL::jsonb AS layers, o.created_by, m.name AS maker
    FROM overrides o LEFT JOIN users r ON r.id = o.replaces_id LEFT JOIN users m ON m.id = o.created_by
    WHERE o.schedule_id = ANY(:ids) AND o.deleted_at IS NULL AND o.end_at > :since
    UNION ALL
    SELECT 'temporary', schedule_id, id, start_at, end_at, NULL, NULL, NULL, name, layers, NULL, NULL
    FROM temporary_schedules WHERE schedule_id = ANY(:ids) AND deleted_at IS NULL AND end_at > :since
    UNION ALL
    SELECT 'leave', NULL, l.id, l.start_at, l.end_at, NULL, l.user_id, l.substitute_id, u.name, NULL, NULL, NULL
    FROM leaves l JOIN users u ON u.id = l.user_id WHERE l.deleted_at IS NULL AND l.end_at > :since
""").columns(layers=JSONB)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Found:
    """A schedule while its rows are read."""

    row: Row[*tuple[Any, ...]]
    layers: list[Layer] = field(default_factory=list[Layer])
    overrides: list[Override] = field(default_factory=list[Override])
    temporaries: list[Temporary] = field(default_factory=list[Temporary])

    @property
    def holidays(self) -> Sequence[date]:
        return holiday_dates(self.row.country, self.row.subdivision, self.row.dates)

    def schedule(self, leaves: Sequence[Leave], names: Mapping[int, str]) -> Schedule:
        row, holidays = self.row, self.holidays
        shadows = (LayerPlan.from_json(plain) for plain in row.shadow_layers)
        return Schedule(
            layers=tuple(self.layers),
            name=row.name,
            id=row.id,
            overrides=tuple(self.overrides),
            temporaries=tuple(self.temporaries),
            leaves=tuple(leaves),
            on_leave=OnLeave(row.on_leave),
            shadow_layers=tuple(plan.layer(row.zone, holidays) for plan in shadows),
            names=names,
        )


async def schedules(session: AsyncSession, ids: Collection[int], *, since: datetime = EVER) -> Mapping[int, Schedule]:
    """Return schedules as the model reads them, layers highest first, deleted ones too: two statements.

    Of what changes them for a while, only what ends after `since` is read.
    """
    if not ids:
        return {}
    found: dict[int, _Found] = {}
    for row in await session.execute(_SCHEDULES, {"ids": list(ids)}):
        one = found.setdefault(row.id, _Found(row))
        if row.layer_id is not None and (row.members or row.kind == Kind.FIXED):
            one.layers.append(plan_of(row).layer(row.zone, one.holidays, layer_id=row.layer_id))
    leaves: list[Leave] = []
    names: dict[int, str] = {}
    for row in await session.execute(_CHANGES, {"ids": list(ids), "since": since}):
        if row.what == "leave":
            leaves.append(Leave(row.id, row.user_id, row.start_at, row.end_at, row.other))
            names[row.user_id] = row.name
        elif row.what == "override":
            span = row.start_at, row.end_at
            change = Override(row.id, Change(row.change), *span, row.user_id, row.other, row.created_by)
            found[row.schedule_id].overrides.append(change)
            names |= {key: name for key, name in ((row.other, row.name), (row.created_by, row.maker)) if name}
        else:
            one = found[row.schedule_id]
            plans = (LayerPlan.from_json(plain) for plain in row.layers)
            layers = tuple(plan.layer(one.row.zone, one.holidays) for plan in plans)
            one.temporaries.append(Temporary(row.id, row.name, row.start_at, row.end_at, layers))
    return {schedule_id: one.schedule(leaves, names) for schedule_id, one in found.items()}


async def everybody_away(session: AsyncSession) -> tuple[Leave, ...]:
    """Return all leave there is, as a schedule has it that nobody has made yet."""
    rows = await session.execute(_CHANGES, {"ids": [], "since": EVER})
    return tuple(Leave(row.id, row.user_id, row.start_at, row.end_at, row.other) for row in rows)


def holiday_dates(country: str, subdivision: str, dates: Sequence[str]) -> Sequence[date]:
    """Return the holidays of a schedule: those of its country, and the `dates` that are named or imported."""
    own = [date.fromisoformat(one) for one in dates]
    of_country = public_holidays(country, subdivision) if country else ()
    return (*of_country, *own) if own else of_country


def plan_of(row: Row[*tuple[Any, ...]]) -> LayerPlan:
    """Return the layer that a row of `_SCHEDULES` holds, as it was asked for."""
    if row.kind == Kind.FIXED:
        shifts = (Turn(_instant(start), _instant(end), (*users,)) for start, end, users in row.shifts)
        return LayerPlan(row.layer, Kind.FIXED, shifts=tuple(shifts), id=row.layer_id)
    groups: dict[int, list[int]] = {}
    for number, user_id in row.members or ():
        groups.setdefault(number, []).append(user_id)
    return LayerPlan(
        name=row.layer,
        zone=row.layer_zone,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        unit=Unit(row.unit),
        length=row.length,
        handoffs=(*row.handoffs,),
        groups=tuple((*group,) for group in groups.values()),
        parts=tuple(Part(*part) for part in row.parts),
        holidays=Holidays(row.holidays),
        active_only=row.active_only,
        id=row.layer_id,
    )


async def plans(session: AsyncSession, schedule_id: int) -> Sequence[LayerPlan]:
    """Return the layers of a schedule as they were asked for, the highest first."""
    rows = await session.execute(_SCHEDULES, {"ids": [schedule_id]})
    return [plan_of(row) for row in rows if row.layer_id is not None]


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
