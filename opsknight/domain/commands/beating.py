"""A heartbeat held for a change: its row, its one timer, and the incident that its silence opens and its ping ends.

Locks are taken in this order: heartbeat, its timer, the incident, the incident's timer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select

from opsknight.domain.commands import alerts, incidents, timers, waking
from opsknight.domain.commands.held import hold
from opsknight.domain.commands.opening import Report, open_own
from opsknight.domain.model.event import Severity, Urgency, dedup_sha
from opsknight.domain.model.heartbeat import Heartbeat, Silence, title_of
from opsknight.domain.model.intake import COUNT_FACT, OWN_KEYS
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.store.tables import AlertRow, HeartbeatRow, ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import NotFound

_SEVERITIES: Final = {Urgency.HIGH: Severity.CRITICAL, Urgency.LOW: Severity.WARNING}


def actor_of(heartbeat_id: UUID) -> str:
    """Return how the ledger names a heartbeat that acts."""
    return f"heartbeat:{heartbeat_id}"


async def hold_heartbeat(uow: UnitOfWork, heartbeat_id: UUID) -> HeartbeatRow:
    """Lock a heartbeat.

    Raises:
        NotFound: there is none; it may have been deleted meanwhile, or its service archived.
    """
    statement = select(HeartbeatRow).where(HeartbeatRow.id == heartbeat_id).with_for_update(key_share=True)
    row = (await uow.session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    live = select(ServiceRow.archived_at.is_(None))
    if row is None or not await uow.session.scalar(live.where(ServiceRow.id == row.service_id)):
        raise NotFound("There is no such heartbeat; it may have been deleted, or its service archived.")
    return row


async def settle(uow: UnitOfWork, row: HeartbeatRow, after: Heartbeat, *, counts_from: datetime | None = None) -> None:
    """Write `after` and give it the one timer that it needs; a deadline that is past is due now.

    `counts_from` is when its silence counts, where that is later than the deadline.
    """
    row.state, row.counted_from = after.state.value, after.counted_from
    row.started_at, row.paused_until = after.started_at, after.paused_until
    await uow.session.flush()
    if after.paused_until is not None:
        await timers.arm(uow, TimerKind.HEARTBEAT_RESUME, row.id, generation=1, due_at=after.paused_until)
    elif (deadline := after.deadline) is not None:
        due_at = max(deadline, uow.now, counts_from or deadline)
        await timers.arm(uow, TimerKind.HEARTBEAT_MISSED, row.id, generation=1, due_at=due_at)
    else:
        await timers.disarm_heartbeat(uow, row.id)


async def report(uow: UnitOfWork, row: HeartbeatRow, why: Silence, details: dict[str, Any]) -> UUID:
    """Open an incident for a heartbeat that is down, or count once more where one is open; return the incident.

    `details` are shown with the alert. `details["exit code"]` is named in the title.
    """
    open_one = select(AlertRow).where(*_open_alert(row)).with_for_update(key_share=True)
    alert = (await uow.session.execute(open_one)).scalar_one_or_none()
    actor = actor_of(row.id)
    if alert is None:
        told = Report(
            key=_key(row),
            title=title_of(row.name, why, exit_code=details.get("exit code")),
            urgency=Urgency(row.urgency),
            severity=_SEVERITIES[Urgency(row.urgency)],
            source=row.name,
            details=details,
        )
        incident, data = await open_own(uow, told, service_id=row.service_id, actor=actor)
        uow.record(Fact.OPENED, incident_id=incident.id, actor=actor, **data)
        await waking.rest_under_maintenance(uow, incident.id)
        return incident.id
    alert.count += 1
    alert.last_seen_at, alert.details = uow.now, details
    if uow.now - alert.counted_at >= COUNT_FACT:
        alert.counted_at = uow.now
        uow.record(Fact.OCCURRED, incident_id=alert.incident_id, actor=actor, count=alert.count, alert_id=str(alert.id))
    return alert.incident_id


async def clear(uow: UnitOfWork, row: HeartbeatRow) -> UUID | None:
    """Resolve the heartbeat's open alert, and its incident with the last one; return the incident, None without one.

    The unit's actor is the heartbeat.
    """
    statement = select(AlertRow.id, AlertRow.incident_id, AlertRow.title).where(*_open_alert(row))
    alert = (await uow.session.execute(statement)).one_or_none()
    if alert is None:
        return None
    await hold(uow, alert.incident_id)
    others = select(AlertRow.id).where(
        AlertRow.incident_id == alert.incident_id, AlertRow.status == "open", AlertRow.id != alert.id
    )
    left = len((await uow.session.execute(others)).all())
    if left == 0 and await _ends_with_last_alert(uow, row.service_id):
        await incidents.resolve(uow, alert.incident_id)
    elif await alerts.resolve_these(uow, [alert.id]):
        told: dict[str, Any] = {"title": alert.title, "alert_id": str(alert.id), "open_alerts": left}
        uow.record(Fact.ALERT_RESOLVED, incident_id=alert.incident_id, **told)
    return alert.incident_id


async def has_open_alert(uow: UnitOfWork, row: HeartbeatRow) -> bool:
    """Return whether an incident of this heartbeat is open."""
    return bool(await uow.session.scalar(select(exists().where(*_open_alert(row)))))


def _key(row: HeartbeatRow) -> str:
    return f"{OWN_KEYS}heartbeat:{row.id}"


def _open_alert(row: HeartbeatRow) -> tuple[Any, ...]:
    return AlertRow.service_id == row.service_id, AlertRow.dedup_sha == dedup_sha(_key(row)), AlertRow.status == "open"


async def _ends_with_last_alert(uow: UnitOfWork, service_id: int) -> bool:
    setting = select(ServiceRow.resolves_with_last_alert).where(ServiceRow.id == service_id)
    return bool(await uow.session.scalar(setting))
