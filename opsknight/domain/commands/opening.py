"""Opening an incident without a monitor: by hand, for what none sees, or because OpsKnight itself has seen it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opsknight.crypto import new_id
from opsknight.domain.commands import inhibitors, timers
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import value
from opsknight.domain.commands.incidents import Done
from opsknight.domain.commands.live_services import live_service
from opsknight.domain.model.event import MAX_TITLE, Severity, Urgency, dedup_sha
from opsknight.domain.model.incident import PAGE_ASSIGNEE, Status
from opsknight.domain.model.intake import OWN_KEYS
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.queries.people import active_name, name_of
from opsknight.domain.store.tables import AlertRow, EscalationPolicyRow, IncidentRow, ServiceRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is paged: a person first, or another policy than the service's; neither: the service's policy."""

    user_id: int | None = None
    policy_id: int | None = None


THE_SERVICE = Whom()


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong, as the alert tells it; `key` begins with OWN_KEYS, `details` are plain JSON."""

    key: str
    title: str
    urgency: Urgency
    severity: Severity
    source: str
    details: Mapping[str, Any]


async def open_by_hand(
    uow: UnitOfWork,
    *,
    service_id: int,
    title: str,
    urgency: Urgency,
    severity: Severity = Severity.ERROR,
    details: str = "",
    page: Whom = THE_SERVICE,
    incident_id: UUID | None = None,
) -> Done:
    """Open an incident of a service and page at once.

    `incident_id` is chosen by whoever may have to try again. It gathers one alert, that of the
    person who opened it; nobody but a person resolves it.

    Raises:
        Invalid: the title is empty, or there is no such service, person or policy.
        Conflict: the service is archived.
    """
    await require(uow, Need.OPEN_INCIDENT)
    title = _title(title)
    paged = await _paged(uow, page)
    incident_id = incident_id or new_id()
    report = Report(
        key=f"{OWN_KEYS}hand:{incident_id}",
        title=title,
        urgency=urgency,
        severity=severity,
        source=await name_of(uow.session, uow.user_id),
        details={"details": details} if details else {},
    )
    row, told = await open_own(uow, report, service_id=service_id, page=page, incident_id=incident_id)
    uow.record(Fact.OPENED_BY_HAND, incident_id=row.id, **told, **paged)
    return Done(value(row), f"Opened “{title}”; {paged.get('user', 'the first step of its policy')} is paged now.")


async def open_own(
    uow: UnitOfWork,
    report: Report,
    *,
    service_id: int,
    page: Whom = THE_SERVICE,
    incident_id: UUID | None = None,
    actor: str | None = None,
) -> tuple[IncidentRow, dict[str, Any]]:
    """Open an incident with its one alert, due at once; return it, and what the fact that the caller writes tells.

    The caller has made sure that nobody else opens an alert of the report's key now.

    Raises:
        Invalid: there is no such service.
        Conflict: it is archived.
    """
    service = await _service(uow, service_id)
    row = IncidentRow(
        id=incident_id or new_id(),
        service_id=service_id,
        policy_id=page.policy_id,
        title=report.title,
        status=Status.OPEN.value,
        urgency=report.urgency.value,
        highest_urgency=report.urgency.value,
        severity=report.severity.value,
        assignee_id=page.user_id,
        generation=1,
        version=1,
        next_step=0 if page.user_id is None else PAGE_ASSIGNEE,
        lap=0,
        runbook_url=service.runbook_url,
        tags={**service.tags, "team": service.team},
        opened_by=actor or uow.actor,
        created_at=uow.now,
        updated_at=uow.now,
    )
    uow.session.add(row)
    alert = _alert(uow, row, report)
    uow.session.add(alert)
    await uow.session.flush()
    await inhibitors.note(uow, [alert.id])
    urgent = report.urgency is Urgency.HIGH
    await timers.arm(uow, TimerKind.ESCALATION, row.id, generation=1, due_at=uow.now, urgent=urgent)
    return row, {"title": row.title, "severity": row.severity, "urgency": row.urgency, "service": service.name}


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise Invalid("An incident needs a title: say in a few words what is wrong.")
    if len(title) > MAX_TITLE:
        raise Invalid(f"The title has {len(title)} characters; {MAX_TITLE} are allowed. Put the rest into the details.")
    return title


async def _service(uow: UnitOfWork, service_id: int) -> Any:  # a row: name, runbook_url, tags, team
    statement = (
        select(ServiceRow.name, ServiceRow.runbook_url, ServiceRow.tags, TeamRow.name.label("team"))
        .join(TeamRow, TeamRow.id == ServiceRow.team_id)
        .where(ServiceRow.id == service_id)
    )
    if await live_service(uow, service_id) is None:
        raise Invalid("There is no such service; choose one from the list.")
    return (await uow.session.execute(statement)).one()


async def _paged(uow: UnitOfWork, page: Whom) -> dict[str, Any]:
    """Return whom the fact names, having made sure that they exist."""
    if page.user_id is not None:
        return {"user": await active_name(uow.session, page.user_id), "user_id": page.user_id}
    if page.policy_id is None:
        return {}
    found = await uow.session.execute(_policy_name(page.policy_id))
    name = found.scalar_one_or_none()
    if name is None:
        raise Invalid("There is no such escalation policy; choose one from the list.")
    return {"policy": name}


def _policy_name(policy_id: int) -> Any:  # a select of one column
    row = EscalationPolicyRow
    return select(row.name).where(row.id == policy_id, row.deleted_at.is_(None))


def _alert(uow: UnitOfWork, incident: IncidentRow, report: Report) -> AlertRow:
    return AlertRow(
        id=new_id(),
        service_id=incident.service_id,
        incident_id=incident.id,
        dedup_key=report.key,
        dedup_sha=dedup_sha(report.key),
        status="open",
        severity=incident.severity,
        urgency=incident.urgency,
        title=incident.title,
        source=report.source,
        details=dict(report.details),
        count=1,
        opened_at=uow.now,
        last_seen_at=uow.now,
        counted_at=uow.now,
    )
