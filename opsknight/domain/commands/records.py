"""Writing where a batch of events ended: changed rows, new rows, timers, and the log of what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from opsknight.crypto import new_id
from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident
from opsknight.domain.model.event import Event
from opsknight.domain.model.incident import Status
from opsknight.domain.store import arrivals as sql

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row: TypeAlias = dict[str, Any]


def changed_alerts(desk: Desk) -> int:
    """Return how many rows of alerts must change."""
    return sum(1 for _ in _changed(desk))


async def write_changes(connection: Connection, desk: Desk) -> int:
    """Write the alerts and incidents that were there before; return how many alerts were still open to change."""
    rows = [
        (a.id, a.added, a.severity, a.urgency, a.counted_at, _status(a), a.resolved_at, a.resolved_by)
        for a in _changed(desk)
    ]
    changed = await connection.fetch(sql.CHANGE_ALERTS, *sql.columns(rows, 8), desk.now) if rows else ()
    incidents = [_changed_incident(i) for i in desk.incidents.values() if i.changed and i.opened_by is None]
    if incidents:
        await connection.execute(sql.CHANGE_INCIDENTS, *sql.columns(incidents, 11), desk.now)
    return len(changed)


async def write_new(
    connection: Connection, desk: Desk, *, deliveries: Sequence[tuple[Any, ...]], events: Sequence[Row]
) -> None:
    """Write deliveries, events and facts, and the incidents with alerts and timers that they opened.

    Raises:
        asyncpg.UniqueViolationError: another writer opened one of these alerts first.
    """
    log = (desk.now, *sql.columns(list(deliveries), 7), _json(events), _json(desk.facts))
    alerts = [alert for alert in (*desk.past, *desk.alerts.values()) if alert.opened_by is not None]
    if not alerts:
        await connection.execute(sql.LOG, *log)
        return
    incidents = [incident for incident in desk.incidents.values() if incident.opened_by is not None]
    timers = [_timer(incident, *incident.due) for incident in incidents if incident.due is not None]
    opened = (
        _json([_new_incident(incident) for incident in incidents]),
        _json([_new_alert(alert) for alert in alerts]),
        _json(timers),
    )
    await connection.execute(sql.OPEN_AND_LOG, *log, *opened)


async def arm(connection: Connection, desk: Desk) -> None:
    """Give every incident that was there before, and whose wait changed, its one timer or none."""
    waits = [i for i in desk.incidents.values() if i.timer_changed and i.opened_by is None]
    quiet = [i.value.id for i in waits if i.value.status is not Status.SUPPRESSED]
    if quiet:
        await connection.execute(sql.SUPERSEDE, quiet, desk.now)
    disarm: list[UUID] = [i.value.id for i in waits if i.due is None]
    if disarm:
        await connection.execute(sql.DISARM, disarm)
    armed = [tuple(_timer(i, *i.due).values()) for i in waits if i.due is not None]
    if armed:
        await connection.execute(sql.ARM, *sql.columns(armed, 5), desk.now)


def _changed(desk: Desk) -> Iterator[WorkingAlert]:
    return (alert for alert in (*desk.past, *desk.alerts.values()) if alert.changed and alert.opened_by is None)


def _changed_incident(incident: WorkingIncident) -> tuple[Any, ...]:
    value = incident.value
    return (
        value.id,
        value.status,
        value.urgency,
        incident.highest_urgency,
        incident.severity,
        value.generation,
        value.version,
        value.assignee_id,
        value.until,
        value.next_step,
        value.lap,
    )


def _new_incident(incident: WorkingIncident) -> Row:
    value, event, integration = incident.value, incident.opened_by, incident.integration
    if event is None or integration is None:
        raise TypeError("only an incident that this batch opened has a row to insert")
    return {
        "id": value.id,
        "service_id": integration.service_id,
        "title": value.title,
        "status": value.status,
        "urgency": value.urgency,
        "highest_urgency": incident.highest_urgency,
        "severity": incident.severity,
        "generation": value.generation,
        "version": value.version,
        "runbook_url": integration.runbook_url,
        "tags": {**integration.tags, **event.tags},
        "links": _links(event),
        "opened_by": f"integration:{integration.id}",
    }


def _new_alert(alert: WorkingAlert) -> Row:
    event, integration = alert.opened_by, alert.integration
    if event is None or integration is None:
        raise TypeError("only an alert that this batch opened has a row to insert")
    return {
        "id": alert.id,
        "service_id": integration.service_id,
        "integration_id": integration.id,
        "incident_id": alert.incident_id,
        "dedup_key": event.dedup_key,
        "sha": alert.sha.hex(),
        "status": _status(alert),
        "severity": alert.severity,
        "urgency": alert.urgency,
        "title": event.title,
        "source": event.source,
        "component": event.component,
        "tags": event.tags,
        "links": _links(event),
        "details": event.details,
        "count": alert.count,
        "started_at": alert.started_at,
        "resolved_by": alert.resolved_by,
    }


def _timer(incident: WorkingIncident, kind: str, due_at: Any) -> Row:
    value = incident.value
    return {
        "id": new_id(),
        "kind": kind,
        "subject": value.id,
        "generation": value.generation,
        "due_at": due_at,
    }


def _status(alert: WorkingAlert) -> str:
    return "open" if alert.is_open else "resolved"


def _links(event: Event) -> list[Row]:
    return [{"href": link.href, "text": link.text} for link in event.links]


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: object) -> object:
    """Let orjson write read-only mappings, and asyncpg's own kind of UUID."""
    return dict(value) if hasattr(value, "keys") else str(value)  # type: ignore[call-overload]
