"""The small sample team of an empty database, so that the first screen has something to show."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import select, text

from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.tables import (
    Base,
    ContactMethodRow,
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    IntegrationRow,
    LayerMemberRow,
    LayerRow,
    ScheduleRow,
    ServiceRow,
    TeamMemberRow,
    TeamRow,
    UserRow,
)
from opsknight.domain.store.unit_of_work import UnitOfWork

Row = TypeVar("Row", bound=Base)

YOU: Final = "you@example.org"
TRY_IT: Final = "Try it with curl"
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(:lock)")
_LOCK: Final = 0x0B5_0002
_RUNBOOKS: Final = "https://runbooks.example.org"


@dataclass(frozen=True, slots=True)
class Sample:
    """Whom to sign in and which key to fire an alert with; None once people have made it their own."""

    user_id: int | None
    key: str | None


@dataclass(frozen=True, slots=True)
class _Kind:
    """A sample service, with the kinds of monitor that watch it and their names."""

    name: str
    description: str
    runbook: str
    tags: dict[str, str]
    watched_by: dict[str, str]


_SERVICES: Final = (
    _Kind(
        "Checkout API",
        "Takes orders and payments.",
        "checkout-api",
        {"env": "production", "tier": "1"},
        {"generic": TRY_IT, "datadog": "Datadog monitors"},
    ),
    _Kind(
        "Search",
        "Finds products.",
        "search",
        {"env": "production", "tier": "2"},
        {"pagerduty": "Tools that speak PagerDuty", "email": "What can only send mail"},
    ),
    _Kind(
        "Postgres main",
        "Holds orders and customers.",
        "postgres-main",
        {"env": "production", "tier": "1", "cluster": "main"},
        {"alertmanager": "Prometheus Alertmanager"},
    ),
)


async def ensure(uow: UnitOfWork) -> Sample:
    """Make the sample team if nobody is there yet, and return where to begin."""
    await uow.session.execute(_ONE_AT_A_TIME, {"lock": _LOCK})
    if await uow.session.scalar(select(UserRow.id).limit(1)) is None:
        await _make(uow)
        uow.record(Fact.CONFIGURED, name="the sample team")
    you = select(UserRow.id).where(UserRow.email == YOU, UserRow.active, UserRow.role == "admin")
    key = select(IntegrationRow.key).join(ServiceRow, ServiceRow.id == IntegrationRow.service_id)
    key = key.where(IntegrationRow.provider == "generic", IntegrationRow.name == TRY_IT, IntegrationRow.active)
    key = key.where(ServiceRow.archived_at.is_(None))
    return Sample(await uow.session.scalar(you), await uow.session.scalar(key.limit(1)))


async def _make(uow: UnitOfWork) -> None:
    sam = await _person(uow, "Sam Sample", YOU, "admin")
    ada = await _person(uow, "Ada Moreno", "ada@example.org", "manager")
    noor = await _person(uow, "Noor Haddad", "noor@example.org", "responder")
    team = await _added(uow, TeamRow(name="Platform", created_at=uow.now))
    for person in (sam, ada, noor):
        await _added(uow, TeamMemberRow(team_id=team.id, user_id=person.id, manages=person is ada))
    schedule = await _schedule(uow, team, sam, ada, noor)
    policy = await _policy(uow, team, schedule, ada)
    for kind in _SERVICES:
        await _service(uow, kind, team, policy)


async def _person(uow: UnitOfWork, name: str, email: str, role: str) -> UserRow:
    """Add a person whose address counts as verified: there is nobody to prove it."""
    user = await _added(uow, UserRow(name=name, email=email, role=role, created_at=uow.now))
    mail = ContactMethodRow(user_id=user.id, channel="email", address=email)
    mail.verified_at = mail.created_at = uow.now
    await _added(uow, mail)
    return user


async def _schedule(uow: UnitOfWork, team: TeamRow, *people: UserRow) -> ScheduleRow:
    schedule = await _added(uow, ScheduleRow(team_id=team.id, name="Platform on call", zone="UTC"))
    layer = LayerRow(schedule_id=schedule.id, position=0, name="Weekly", starts_at=_monday_morning(uow.now))
    layer.unit = "weeks"
    await _added(uow, layer)
    for position, person in enumerate(people):
        await _added(uow, LayerMemberRow(layer_id=layer.id, position=position, user_id=person.id))
    return schedule


async def _policy(uow: UnitOfWork, team: TeamRow, schedule: ScheduleRow, then: UserRow) -> EscalationPolicyRow:
    policy = await _added(uow, EscalationPolicyRow(team_id=team.id, name="Platform"))
    first = await _added(uow, EscalationStepRow(policy_id=policy.id, position=0, wait_s=300))
    second = await _added(uow, EscalationStepRow(policy_id=policy.id, position=1, wait_s=600))
    await _added(uow, EscalationTargetRow(step_id=first.id, position=0, schedule_id=schedule.id))
    await _added(uow, EscalationTargetRow(step_id=second.id, position=0, user_id=then.id))
    return policy


async def _service(uow: UnitOfWork, kind: _Kind, team: TeamRow, policy: EscalationPolicyRow) -> None:
    service = ServiceRow(team_id=team.id, policy_id=policy.id, name=kind.name, description=kind.description)
    service.runbook_url, service.tags, service.created_at = f"{_RUNBOOKS}/{kind.runbook}", kind.tags, uow.now
    await _added(uow, service)
    for provider, name in kind.watched_by.items():
        integration = IntegrationRow(service_id=service.id, provider=provider, name=name, key=secrets.token_hex(16))
        integration.created_at = uow.now
        await _added(uow, integration)


def _monday_morning(now: datetime) -> datetime:
    """Return the last Monday, 09:00, as wall clock: the first person is on call now."""
    at_nine = now.replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)
    monday = at_nine - timedelta(days=at_nine.weekday())
    return monday if monday <= now.replace(tzinfo=None) else monday - timedelta(weeks=1)


async def _added(uow: UnitOfWork, row: Row) -> Row:
    uow.session.add(row)
    await uow.session.flush()
    return row
