"""What still counts on somebody: all that would put them on call or page them, and what they own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.override import Change
from opsknight.domain.store.tables import (
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    IncidentRow,
    LayerMemberRow,
    LayerRow,
    LeaveRow,
    OverrideRow,
    ScheduleRow,
    TemporaryScheduleRow,
    UserRow,
)

OPEN = literal_column("incidents.status <> 'resolved'", Boolean)
"""In the words of the partial index."""


async def still_asks(session: AsyncSession, user_id: int, *, at: datetime) -> list[str]:
    """Return what still counts on a person, as ends of a sentence, such as `owns 2 open incidents`.

    What is over at `at` counts on nobody any more.
    """
    owns = select(func.count()).where(IncidentRow.assignee_id == user_id, OPEN)
    count = (await session.execute(owns)).scalar_one()
    words = [f"owns {count} open {'incident' if count == 1 else 'incidents'}"] if count else []
    words += _each("is in the rotation of {}", await _names(session, _rotations(user_id)))
    words += await _fixed(session, user_id, at)
    words += await _temporary(session, user_id, at)
    words += _each("is put on call on {} by an override", await _names(session, _overrides(user_id, at)))
    words += _each("has the shifts of {}, who is on leave", await _names(session, _leaves(user_id, at)))
    return words + _each("is asked by the policy {}", await _names(session, _policies(user_id)))


async def _names(session: AsyncSession, statement: Any) -> Iterable[str]:
    return (await session.scalars(statement)).all()


def _each(sentence: str, names: Iterable[str]) -> list[str]:
    return [sentence.format(name) for name in sorted(set(names))]


def _rotations(user_id: int) -> Any:
    return (
        select(ScheduleRow.name)
        .join(LayerRow, LayerRow.schedule_id == ScheduleRow.id)
        .join(LayerMemberRow, LayerMemberRow.layer_id == LayerRow.id)
        .where(LayerMemberRow.user_id == user_id, ScheduleRow.deleted_at.is_(None))
    )


def _overrides(user_id: int, at: datetime) -> Any:
    return (
        select(ScheduleRow.name)
        .join(OverrideRow, OverrideRow.schedule_id == ScheduleRow.id)
        .where(OverrideRow.user_id == user_id, OverrideRow.change != Change.REMOVE.value)
        .where(OverrideRow.deleted_at.is_(None), OverrideRow.end_at > at, ScheduleRow.deleted_at.is_(None))
    )


def _leaves(user_id: int, at: datetime) -> Any:
    return (
        select(UserRow.name)
        .join(LeaveRow, LeaveRow.user_id == UserRow.id)
        .where(LeaveRow.substitute_id == user_id, LeaveRow.deleted_at.is_(None), LeaveRow.end_at > at)
    )


def _policies(user_id: int) -> Any:
    return (
        select(EscalationPolicyRow.name)
        .join(EscalationStepRow, EscalationStepRow.policy_id == EscalationPolicyRow.id)
        .join(EscalationTargetRow, EscalationTargetRow.step_id == EscalationStepRow.id)
        .where(EscalationTargetRow.user_id == user_id, EscalationPolicyRow.deleted_at.is_(None))
    )


async def _fixed(session: AsyncSession, user_id: int, at: datetime) -> list[str]:
    """Return the layers of fixed shifts, such as imported calendars, in which somebody has one to come."""
    statement = (
        select(LayerRow.name, ScheduleRow.name, LayerRow.shifts)
        .join(ScheduleRow, ScheduleRow.id == LayerRow.schedule_id)
        .where(LayerRow.kind == Kind.FIXED.value, ScheduleRow.deleted_at.is_(None))
    )
    now_s = at.timestamp()
    found = {
        f"has shifts in “{layer}” of {schedule}"
        for layer, schedule, shifts in await session.execute(statement)
        if any(float(end) > now_s and user_id in users for _, end, users in shifts or ())
    }
    return sorted(found)


async def _temporary(session: AsyncSession, user_id: int, at: datetime) -> list[str]:
    its = TemporaryScheduleRow
    statement = (
        select(its.name, ScheduleRow.name, its.layers)
        .join(ScheduleRow, ScheduleRow.id == its.schedule_id)
        .where(its.deleted_at.is_(None), its.end_at > at, ScheduleRow.deleted_at.is_(None))
    )
    found = {
        f"is in the temporary schedule “{name}” of {schedule}"
        for name, schedule, layers in await session.execute(statement)
        if any(user_id in LayerPlan.from_json(plain).people for plain in layers)
    }
    return sorted(found)
