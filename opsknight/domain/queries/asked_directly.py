"""Whom policies ask by name rather than by a schedule: they are asked at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import EscalationPolicyRow, EscalationStepRow, EscalationTargetRow, ServiceRow


@dataclass(frozen=True, slots=True)
class Asking:
    """A policy that asks somebody, and the team whose it is."""

    policy_id: int
    policy: str
    team_id: int


async def asked_directly(session: AsyncSession) -> Mapping[int, Sequence[Asking]]:
    """Return the policies that ask each person by name, in the order of their numbers.

    Only such count as a service goes by that is not archived.
    """
    used = exists().where(ServiceRow.policy_id == EscalationPolicyRow.id, ServiceRow.archived_at.is_(None))
    statement = (
        select(
            EscalationTargetRow.user_id, EscalationPolicyRow.id, EscalationPolicyRow.name, EscalationPolicyRow.team_id
        )
        .join(EscalationStepRow, EscalationStepRow.id == EscalationTargetRow.step_id)
        .join(EscalationPolicyRow, EscalationPolicyRow.id == EscalationStepRow.policy_id)
        .where(EscalationTargetRow.user_id.is_not(None), EscalationPolicyRow.deleted_at.is_(None), used)
        .distinct()
        .order_by(EscalationPolicyRow.id, EscalationTargetRow.user_id)
    )
    found: dict[int, list[Asking]] = {}
    for user_id, policy_id, name, team_id in await session.execute(statement):
        found.setdefault(user_id or 0, []).append(Asking(policy_id, name, team_id))
    return found
