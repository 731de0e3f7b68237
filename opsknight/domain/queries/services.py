"""Services, with who owns them, who is asked, and by which keys monitors speak for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import EscalationPolicyRow, IntegrationRow, ServiceRow, TeamRow


class IntegrationLine(TypedDict):
    """A monitor's way in; `key` and `secrets` are None for whoever may not see them.

    `secrets` says with how many secrets what it sends may be signed; 0 where nothing is checked.
    """

    id: int
    provider: str
    name: str
    key: str | None
    secrets: int | None


class ServiceLine(TypedDict):
    """One service as lists show it."""

    id: int
    name: str
    team: str
    policy: str
    policy_id: int
    description: str
    runbook_url: str
    integrations: list[IntegrationLine]


async def services(session: AsyncSession, *, with_keys: bool) -> Sequence[ServiceLine]:
    """Return every service by name; the keys of its integrations only `with_keys`."""
    statement = (
        select(
            ServiceRow.id,
            ServiceRow.name,
            ServiceRow.description,
            ServiceRow.runbook_url,
            TeamRow.name.label("team"),
            EscalationPolicyRow.name.label("policy"),
            EscalationPolicyRow.id.label("policy_id"),
        )
        .join(TeamRow, TeamRow.id == ServiceRow.team_id)
        .join(EscalationPolicyRow, EscalationPolicyRow.id == ServiceRow.policy_id)
        .order_by(func.lower(ServiceRow.name), ServiceRow.id)
    )
    lines = {
        row.id: ServiceLine(
            id=row.id,
            name=row.name,
            team=row.team,
            policy=row.policy,
            policy_id=row.policy_id,
            description=row.description,
            runbook_url=row.runbook_url,
            integrations=[],
        )
        for row in await session.execute(statement)
    }
    counting = case((IntegrationRow.former_secret != "", 2), (IntegrationRow.secret != "", 1), else_=0)
    keys = select(
        IntegrationRow.id,
        IntegrationRow.service_id,
        IntegrationRow.provider,
        IntegrationRow.name,
        IntegrationRow.key,
        counting.label("secrets"),
    )
    for row in await session.execute(
        keys.where(IntegrationRow.active).order_by(IntegrationRow.name, IntegrationRow.id)
    ):
        line = IntegrationLine(
            id=row.id,
            provider=row.provider,
            name=row.name,
            key=row.key if with_keys else None,
            secrets=row.secrets if with_keys else None,
        )
        lines[row.service_id]["integrations"].append(line)
    return list(lines.values())
