"""Escalation policies as they are now, and as people and the API read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.escalation import Policy, Step, Target, TargetKind
from opsknight.domain.model.step_conditions import Conditions

_POLICIES = text("""
    SELECT p.id, p.name, p.repeats, s.position, s.wait_s, s.round_robin, s.everyone, s.conditions, t.user_id,
        t.schedule_id, t.team_id, t.managers_only, t.room_id
    FROM escalation_policies p
    LEFT JOIN escalation_steps s ON s.policy_id = p.id
    LEFT JOIN escalation_targets t ON t.step_id = s.id
    WHERE p.id = ANY(:ids) ORDER BY p.id, s.position, t.position
""")


async def policies(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Policy]:
    """Return the escalation policies as they are now; one that was deleted still pages for its incidents."""
    found: dict[int, Policy] = {}
    steps: dict[int, dict[int, tuple[Row[Any], list[Target]]]] = {}
    for row in await session.execute(_POLICIES, {"ids": list(ids)}):
        found[row.id] = Policy(steps=(), repeats=row.repeats, id=row.id, name=row.name)
        if row.position is None:
            continue
        _, targets = steps.setdefault(row.id, {}).setdefault(row.position, (row, []))
        if (target := _target(row)) is not None:
            targets.append(target)
    return {
        policy_id: Policy(
            steps=tuple(_step(row, targets) for row, targets in steps.get(policy_id, {}).values()),
            repeats=policy.repeats,
            id=policy_id,
            name=policy.name,
        )
        for policy_id, policy in found.items()
    }


def _step(row: Row[Any], targets: list[Target]) -> Step:
    return Step(
        targets=tuple(targets),
        wait=timedelta(seconds=row.wait_s),
        round_robin=row.round_robin,
        everyone=row.everyone,
        conditions=Conditions.from_json(row.conditions),
    )


def _target(row: Row[Any]) -> Target | None:
    if row.user_id is not None:
        return Target(TargetKind.USER, row.user_id)
    if row.schedule_id is not None:
        return Target(TargetKind.SCHEDULE, row.schedule_id)
    if row.team_id is not None:
        return Target(TargetKind.TEAM_MANAGERS if row.managers_only else TargetKind.TEAM, row.team_id)
    return None if row.room_id is None else Target(TargetKind.ROOM, row.room_id)
