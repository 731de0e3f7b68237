"""Writing where a batch of events ended: changed rows, new rows, timers, and the log of what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg

from opsknight.crypto import new_id
from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident
from opsknight.domain.model.event import Event
from opsknight.domain.model.incident import Status
from opsknight.domain.store import arrivals as sql
from opsknight.domain.store.engine import jsonb

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row: TypeAlias = tuple[Any, ...]
"""One row as a composite value: its columns in the order of its type."""

_NO_LINKS: Final = jsonb([])


def changed_alerts(desk: Desk) -> int:
    """Return how many rows of alerts must change."""
    return sum(1 for _ in _changed(desk))


async def write_changes(connection: Connection, desk: Desk) -> int:
    """Write the alerts and incidents that were there before; return how many alerts were still open to change."""
    rows = [_changed_alert(alert, desk.now) for alert in _changed(desk)]
    changed = await connection.fetch(sql.CHANGE_ALERTS, rows, desk.now) if rows else ()
    incidents = [_changed_incident(i) for i in desk.incidents.values() if i.changed and i.opened_by is None]
    if incidents:
        await connection.execute(sql.CHANGE_INCIDENTS, *sql.columns(incidents, 11), desk.now)
    return len(changed)


async def write_new(connection: Connection, desk: Desk, *, deliveries: Sequence[Row], events: Sequence[Row]) -> None:
    """Write deliveries, events and facts, and the incidents with alerts and timers that they opened.

    Raises:
        asyncpg.UniqueViolationError: another writer opened one of these alerts first.
    """
    log = (desk.now, deliveries, events, desk.facts)
    alerts = [alert for alert in (*desk.past, *desk.alerts.values()) if alert.opened_by is not None]
    opened = [_opened(alert, desk) for alert in alerts if alert.opens is not None]
    if opened:
        await connection.execute(sql.OPEN_AND_LOG, *log, opened)
    else:
        await connection.execute(sql.LOG, *log)
    if len(opened) < len(alerts):
        joined = [_joined_alert(alert) for alert in alerts if alert.opens is None]
        await connection.execute(sql.JOIN_ALERTS, desk.now, joined)


async def arm(connection: Connection, desk: Desk) -> None:
    """Give every incident that was there before, and whose wait changed, its one timer or none."""
    waits = [i for i in desk.incidents.values() if i.timer_changed and i.opened_by is None]
    quiet = [i.value.id for i in waits if i.value.status is not Status.SUPPRESSED]
    if quiet:
        await connection.execute(sql.SUPERSEDE, quiet, desk.now)
    disarm: list[UUID] = [i.value.id for i in waits if i.due is None]
    if disarm:
        await connection.execute(sql.DISARM, disarm)
    armed = [_timer(i, *i.due) for i in waits if i.due is not None]
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


def _changed_alert(alert: WorkingAlert, now: datetime) -> Row:
    is_told = alert.counted_at is now
    status, by = (None, None) if alert.is_open else (_status(alert), alert.resolved_by)
    return alert.id, alert.added, alert.severity, alert.urgency, alert.counted_at if is_told else None, status, by


def _opened(alert: WorkingAlert, desk: Desk) -> Row:
    """Return an alert with the incident that it opened, each with its state only where that has moved on."""
    event, integration, opening = alert.opened_by, alert.integration, alert.opens
    if event is None or integration is None or opening is None:
        raise TypeError("only an alert that this batch opened has a row to insert")
    incident = desk.incidents[alert.incident_id]
    tags = jsonb(event.tags)
    return (
        alert.incident_id,
        alert.id,
        None if incident.due is None else new_id(),
        opening.delivery_id,
        opening.ordinal,
        integration.id,
        integration.service_id,
        integration.actor,
        event.dedup_key,
        alert.sha,
        event.title,
        event.severity,
        opening.urgency,
        event.source,
        event.component,
        integration.runbook_url,
        jsonb({**integration.tags, **event.tags}) if integration.tags else tags,
        tags,
        _links(event),
        jsonb(event.details),
        event.started_at,
        event.occurred_at,
        (_status(alert), alert.severity, alert.urgency, alert.count, alert.resolved_by) if alert.changed else None,
        _state(incident) if incident.changed else None,
    )


def _state(incident: WorkingIncident) -> Row:
    value, (due_kind, due_at) = incident.value, incident.due or (None, None)
    urgencies = (value.urgency, incident.highest_urgency)
    return value.status, incident.severity, *urgencies, value.generation, value.version, due_kind, due_at


def _joined_alert(alert: WorkingAlert) -> Row:
    event, integration = alert.opened_by, alert.integration
    if event is None or integration is None:
        raise TypeError("only an alert that this batch opened has a row to insert")
    where = (alert.id, integration.service_id, integration.id, alert.incident_id, event.dedup_key, alert.sha)
    said = (event.title, event.source, event.component, jsonb(event.tags), _links(event), jsonb(event.details))
    state = (_status(alert), alert.severity, alert.urgency, alert.count, alert.resolved_by)
    return *where, *said, alert.started_at, *state


def _timer(incident: WorkingIncident, kind: str, due_at: Any) -> Row:
    value = incident.value
    return new_id(), kind, value.id, value.generation, due_at


def _status(alert: WorkingAlert) -> str:
    return "open" if alert.is_open else "resolved"


def _links(event: Event) -> bytes:
    return _NO_LINKS if not event.links else jsonb([{"href": link.href, "text": link.text} for link in event.links])
