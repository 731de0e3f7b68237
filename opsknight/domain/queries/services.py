"""Services, with who owns them, who is asked, and by which keys monitors speak for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.store.tables import EscalationPolicyRow, IntegrationRow, ServiceRow, TeamRow
from opsknight.errors import NotFound


class IntegrationLine(TypedDict):
    """A monitor's way in; `key` and `secrets` are None for whoever may not see them.

    `secrets` says with how many secrets what it sends may be signed; 0 where nothing is checked.
    """

    id: int
    provider: str
    name: str
    key: str | None
    secrets: int | None
    active: bool


class ServiceLine(TypedDict):
    """One service as lists show it."""

    id: int
    name: str
    team: str
    policy: str
    policy_id: int
    team_id: int
    description: str
    runbook_url: str
    tags: dict[str, str]
    ack_timeout_high_s: int | None
    ack_timeout_low_s: int | None
    reopen_window_s: int
    resolves_with_last_alert: bool
    archived: bool
    integrations: list[IntegrationLine]


async def service(session: AsyncSession, service_id: int, *, with_keys: bool) -> ServiceLine:
    """Return one service; the keys of its integrations only `with_keys`.

    Raises:
        NotFound: there is no such service.
    """
    if not (found := await services(session, with_keys=with_keys, only=service_id)):  # an archived one as well
        raise NotFound("There is no such service.")
    return found[0]


async def services(session: AsyncSession, *, with_keys: bool, only: int | None = None) -> Sequence[ServiceLine]:
    """Return every service by name that is not archived, or `only` one; keys only `with_keys`."""
    lines = {row.id: _line(row) for row in await session.execute(_lines(only))}
    counting = case((IntegrationRow.former_secret != "", 2), (IntegrationRow.secret != "", 1), else_=0)
    keys = select(
        IntegrationRow.id,
        IntegrationRow.service_id,
        IntegrationRow.provider,
        IntegrationRow.name,
        IntegrationRow.key,
        IntegrationRow.active,
        counting.label("secrets"),
    )
    for row in await session.execute(
        keys.where(IntegrationRow.removed_at.is_(None), IntegrationRow.service_id.in_(lines)).order_by(
            IntegrationRow.name, IntegrationRow.id
        )
    ):
        line = IntegrationLine(
            id=row.id,
            provider=row.provider,
            name=row.name,
            key=row.key if with_keys else None,
            secrets=row.secrets if with_keys else None,
            active=row.active,
        )
        lines[row.service_id]["integrations"].append(line)
    return list(lines.values())


def _lines(only: int | None) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(
            ServiceRow.id,
            ServiceRow.name,
            ServiceRow.description,
            ServiceRow.runbook_url,
            ServiceRow.team_id,
            ServiceRow.tags,
            ServiceRow.ack_timeout_high_s,
            ServiceRow.ack_timeout_low_s,
            ServiceRow.reopen_window_s,
            ServiceRow.resolves_with_last_alert,
            ServiceRow.archived_at,
            TeamRow.name.label("team"),
            EscalationPolicyRow.name.label("policy"),
            EscalationPolicyRow.id.label("policy_id"),
        )
        .join(TeamRow, TeamRow.id == ServiceRow.team_id)
        .join(EscalationPolicyRow, EscalationPolicyRow.id == ServiceRow.policy_id)
        .order_by(func.lower(ServiceRow.name), ServiceRow.id)
    )
    return statement.where(ServiceRow.archived_at.is_(None) if only is None else ServiceRow.id == only)


def _line(row: Row[*tuple[Any, ...]]) -> ServiceLine:
    return ServiceLine(
        id=row.id,
        name=row.name,
        team=row.team,
        policy=row.policy,
        policy_id=row.policy_id,
        description=row.description,
        runbook_url=row.runbook_url,
        team_id=row.team_id,
        tags=row.tags,
        ack_timeout_high_s=row.ack_timeout_high_s,
        ack_timeout_low_s=row.ack_timeout_low_s,
        reopen_window_s=row.reopen_window_s,
        resolves_with_last_alert=row.resolves_with_last_alert,
        archived=row.archived_at is not None,
        integrations=[],
    )
