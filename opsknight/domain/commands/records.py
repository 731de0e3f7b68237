"""Writing where a batch of events ended: changed rows, new rows, timers, and the log of what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import asyncpg

from opsknight.crypto import new_id
from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident
from opsknight.domain.commands.deliveries import ChangedMeanwhile
from opsknight.domain.model.event import Link
from opsknight.domain.model.intake import COUNT_FACT
from opsknight.domain.store import arrivals as sql
from opsknight.domain.store.engine import jsonb

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pen: TypeAlias = AbstractAsyncContextManager[object, None]
"""Held by who writes, where several would."""
Row: TypeAlias = tuple[Any, ...]
"""One row as a composite value: its columns in the order of its type."""

_Thing = TypeVar("_Thing")
_NO_LINKS: Final = jsonb([])


@dataclass(slots=True)
class Log:
    """The rows that tell what was handed in and what became of it."""

    deliveries: list[Row] = field(default_factory=list[Row])
    events: list[Row] = field(default_factory=list[Row])
    idempotency: list[Row] = field(default_factory=list[Row])
    unreadable: dict[UUID, str] = field(default_factory=dict[UUID, str])
    """Why deliveries that were stored before are found to be unreadable in a later part."""
    headers: dict[UUID, bytes] = field(default_factory=dict[UUID, bytes])
    """Of the few new deliveries of which headers are kept, as jsonb."""


class _Said:
    """What the alerts of a batch say, each thing once: those of one webhook, and of one outage, often say the same."""

    def __init__(self) -> None:
        self._written: dict[bytes, int] = {}
        self._places: dict[int, int] = {}

    @property
    def written(self) -> list[bytes]:
        """All of it, as jsonb."""
        return list(self._written)

    def place(self, thing: _Thing, write: Callable[[_Thing], bytes]) -> int:
        """Return at which place of `written` a thing stands, which lives as long as its batch; the first is 1."""
        place = self._places.get(id(thing))
        if place is None:
            place = self._written.setdefault(write(thing), len(self._written) + 1)
            self._places[id(thing)] = place
        return place


async def tell_repeated(connection: Connection, desk: Desk) -> None:
    """Put on the desk the facts of what monitors tell over and over, but none that was written in the last minute."""
    incidents = [incident_id for _, incident_id in desk.repeated]
    kinds = [kind for kind, _ in desk.repeated]
    rows = await connection.fetch(sql.SAID_LATELY, incidents, kinds, desk.now - COUNT_FACT)
    lately = {(row["kind"], row["incident_id"]) for row in rows}
    for (kind, incident_id), (actor, told) in desk.repeated.items():
        if (kind, incident_id) not in lately:
            desk.facts.append((kind, actor, incident_id, told))


async def store_at_once(connection: Connection, desk: Desk, log: Log, pen: Pen) -> None:
    """Store a batch that holds no incident, in one statement: a transaction of its own, for which it waits for the pen.

    Raises:
        ChangedMeanwhile: somebody else changed one of its alerts or incidents first; nothing is stored.
    """
    changed = [_changed_alert(alert, desk.now) for alert in _changed(desk)]
    await _store(connection, desk, log, changed=changed, incidents=_changed_incidents(desk), pen=pen)


async def store_changes(connection: Connection, desk: Desk, log: Log) -> None:
    """Store any batch, within the transaction that holds the incidents it changes.

    Raises:
        ChangedMeanwhile: somebody else changed one of its alerts first.
    """
    changed = [_changed_alert(alert, desk.now) for alert in _changed(desk)]
    if changed and len(await connection.fetch(sql.CHANGE_ALERTS, changed, desk.now)) < len(changed):
        raise ChangedMeanwhile
    incidents = _changed_incidents(desk)
    if incidents:
        await connection.execute(sql.CHANGE_INCIDENTS, incidents, desk.now)
    await _store(connection, desk, log, changed=[], incidents=[], pen=nullcontext())
    joined = [_joined_alert(alert) for alert in _new(desk) if alert.opens is None]
    if joined:
        await connection.execute(sql.JOIN_ALERTS, desk.now, joined)
        telling = [incident for incident in desk.incidents.values() if incident.joined]
        rows = [(new_id(), one.value.id, one.value.generation, one.value.urgency == "high") for one in telling]
        if rows:
            await connection.execute(sql.TELL_OWNERS, *sql.columns(rows, 4), desk.now)


async def _store(
    connection: Connection, desk: Desk, log: Log, *, changed: list[Row], incidents: list[Row], pen: Pen
) -> None:
    """Write the log, and the incidents with alerts and timers that the batch opened.

    What there is to say is made ready first: who has the pen keeps others from writing.
    """
    said = _Said()
    opened = [_opened(alert, desk, said) for alert in _new(desk) if alert.opens is not None]
    told = (log.deliveries, log.events, desk.facts, opened, changed, log.idempotency)
    reasons = list(log.unreadable), list(log.unreadable.values())
    beside = list(log.headers), list(log.headers.values()), said.written
    statement, more = (sql.STORE_WITH_CHANGES, (incidents,)) if incidents else (sql.STORE, ())
    try:
        async with pen:
            await connection.fetchval(statement, desk.now, *told, *reasons, *beside, *more)
    except asyncpg.DivisionByZeroError:
        raise ChangedMeanwhile from None


def _new(desk: Desk) -> Iterator[WorkingAlert]:
    return (alert for alert in (*desk.past, *desk.alerts.values()) if alert.opened_by is not None)


def _changed(desk: Desk) -> list[WorkingAlert]:
    """Return those that were there before, by id: batches that hold them in other orders lock them in the same."""
    changed = (alert for alert in (*desk.past, *desk.alerts.values()) if alert.changed and alert.opened_by is None)
    return sorted(changed, key=lambda alert: alert.id)


def _changed_incidents(desk: Desk) -> list[Row]:
    """Return those that were there before, likewise."""
    return [
        _changed_incident(incident)
        for _, incident in sorted(desk.incidents.items())
        if (incident.changed or incident.timer_changed) and incident.opened_by is None
    ]


def _changed_incident(incident: WorkingIncident) -> Row:
    value, (due_kind, due_at) = incident.value, incident.due or (None, None)
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
        incident.timer_changed,
        None if due_kind is None else new_id(),
        due_kind,
        due_at,
        incident.seen,
    )


def _changed_alert(alert: WorkingAlert, now: datetime) -> Row:
    is_told = alert.counted_at is now
    status, by = (None, None) if alert.is_open else (_status(alert), alert.resolved_by)
    return alert.id, alert.added, alert.severity, alert.urgency, alert.counted_at if is_told else None, status, by


def _opened(alert: WorkingAlert, desk: Desk, said: _Said) -> Row:
    """Return an alert with the incident that it opened, each with its state only where that has moved on."""
    event, integration, opening = alert.opened_by, alert.integration, alert.opens
    if event is None or integration is None or opening is None:
        raise TypeError("only an alert that this batch opened has a row to insert")
    incident = desk.incidents[alert.incident_id]
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
        jsonb(event.tags),
        said.place(integration.tags, jsonb) if integration.tags else None,
        said.place(event.links, _links),
        said.place(event.details, jsonb),
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
    said = (event.title, event.source, event.component, jsonb(event.tags), _links(event.links), jsonb(event.details))
    state = (_status(alert), alert.severity, alert.urgency, alert.count, alert.resolved_by)
    return *where, *said, alert.started_at, *state


def _status(alert: WorkingAlert) -> str:
    return "open" if alert.is_open else "resolved"


def _links(links: Sequence[Link]) -> bytes:
    return _NO_LINKS if not links else jsonb([{"href": link.href, "text": link.text} for link in links])
