"""How things stand before a batch: what is remembered of its idempotency keys, the newest alert of each of its keys.

The incidents that the batch may change are held until it is stored, or known by what they were when they were read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident
from opsknight.domain.commands.belonging import home, loudness
from opsknight.domain.commands.deliveries import Delivery
from opsknight.domain.model.event import Action, Event, Severity, Unreadable, Urgency, dedup_sha
from opsknight.domain.model.incident import Incident, Status
from opsknight.domain.model.intake import OWN_KEYS
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import arrivals as sql

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Remembered: TypeAlias = dict[tuple[int, bytes, bytes], tuple[UUID, int]]
"""By integration, key and body: the delivery of an idempotency key, and how many of its events are stored."""


async def remembered(connection: Connection, deliveries: Sequence[Delivery]) -> Remembered:
    """Return what is remembered of the batch's idempotency keys."""
    keys = [idempotency(delivery) for delivery in deliveries if delivery.idempotency_key]
    if not keys:
        return {}
    rows = await connection.fetch(sql.IDEMPOTENT, *sql.columns(keys, 3))
    return {
        (row["integration_id"], row["key_sha"], row["body_sha"]): (row["delivery_id"], row["stored"]) for row in rows
    }


async def read(
    connection: Connection, desk: Desk, arrivals: Sequence[tuple[Delivery, Sequence[bytes]]], *, trusting: bool
) -> list[UUID]:
    """Put the newest alert of every key on the desk; return the incidents that may change, and must be held.

    Where it is `trusting` that nobody else changes them now, incidents with that alone are put on the desk
    at once, each `seen` as it is: then the batch is one question and one answer more, and not seven.
    """
    keys: _Keys = {}
    more_than_repeats: set[tuple[int, bytes]] = set()
    for delivery, shas in arrivals:
        _note_keys(delivery, shas, keys, more_than_repeats)
    if not keys:
        return []
    held: list[UUID] = []
    trusting = trusting and bool(more_than_repeats)
    question = sql.LATEST_AND_INCIDENTS if trusting else sql.LATEST
    for row in await connection.fetch(question, *sql.columns(list(keys), 2)):
        key = (row["service_id"], row["sha"])
        alert = desk.alerts[key] = _alert(row)
        event, integration = keys[key]
        if not _may_change_incident(alert, event, integration, now=desk.now, repeats_only=key not in more_than_repeats):
            continue
        if trusting and alert.is_open and row["open_alerts"] == 1 and not integration.reopen_window:
            desk.incidents[alert.incident_id] = _seen(row)
        else:
            held.append(alert.incident_id)
    await _note_waiting(connection, desk)
    return [*held, *desk.incidents] if held else []


async def hold(connection: Connection, desk: Desk, incidents: Sequence[UUID]) -> None:
    """Hold incidents until the transaction ends, and put them on the desk."""
    rows = await connection.fetch(sql.HOLD, incidents)
    open_alerts = {row["incident_id"]: row["count"] for row in await connection.fetch(sql.OPEN_ALERTS, incidents)}
    for row in rows:
        desk.incidents[row["id"]] = _incident(row, open_alerts.get(row["id"], 0))
    await _note_waiting(connection, desk)


async def _note_waiting(connection: Connection, desk: Desk) -> None:
    """Note which of the suppressed incidents only wait for a rule's pause: a monitor's acknowledge ends that."""
    suppressed = [one.value.id for one in desk.incidents.values() if one.value.status is Status.SUPPRESSED]
    if suppressed:
        desk.waiting = {row["subject"] for row in await connection.fetch(sql.WAITING, suppressed)}


_Keys: TypeAlias = dict[tuple[int, bytes], tuple[Event, Integration]]


def _note_keys(
    delivery: Delivery, shas: Sequence[bytes], keys: _Keys, more_than_repeats: set[tuple[int, bytes]]
) -> None:
    """Note the keys of one delivery with the first event of each, and those with more than repeats of it."""
    integration = delivery.integration
    troubled = delivery.is_told
    for event, sha in zip(delivery.events, shas, strict=True):
        if isinstance(event, Unreadable):
            troubled = True
            continue
        there = home(event, integration) if integration.reroutes else integration
        key = (there.service_id, sha)
        first, _ = keys.setdefault(key, (event, there))
        if (
            event.severity is not first.severity
            or Action.TRIGGER is not event.action
            or first.action is not event.action
        ):
            more_than_repeats.add(key)
    if troubled:
        report = own_report(delivery)
        keys[integration.service_id, dedup_sha(report.dedup_key)] = (report, integration)


def _may_change_incident(
    alert: WorkingAlert, event: Event, integration: Integration, *, now: datetime, repeats_only: bool
) -> bool:
    """Say whether the incident must be held: not for plain repeats, nor for a resolved one that cannot reopen."""
    if not alert.is_open:
        return integration.may_reopen and not event.dedup_key.startswith(OWN_KEYS)
    raises = alert.highest_urgency is Urgency.LOW and loudness(event, integration, now) is Urgency.HIGH
    return not repeats_only or raises or event.severity is not alert.severity


def _alert(row: asyncpg.Record) -> WorkingAlert:
    return WorkingAlert(
        is_open=row["status"] == "open",
        highest_urgency=Urgency(row["highest_urgency"]),
        started_at=row["started_at"],
        opened_at=row["opened_at"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        id=row["id"],
        incident_id=row["incident_id"],
        severity=Severity(row["severity"]),
        urgency=Urgency(row["urgency"]),
        count=row["count"],
        counted_at=row["counted_at"],
    )


def _seen(row: asyncpg.Record) -> WorkingIncident:
    """Return the incident of an alert's row; `seen` tells whether it is still the same when it is written."""
    value = _value(row, row["incident_id"], row["incident_status"], row["incident_urgency"])
    severity, highest = Severity(row["incident_severity"]), Urgency(row["highest_urgency"])
    return WorkingIncident(value=value, severity=severity, highest_urgency=highest, open_alerts=1, seen=row["seen"])


def _incident(row: asyncpg.Record, open_alerts: int) -> WorkingIncident:
    value = _value(row, row["id"], row["status"], row["urgency"])
    severity, highest = Severity(row["severity"]), Urgency(row["highest_urgency"])
    return WorkingIncident(value=value, severity=severity, highest_urgency=highest, open_alerts=open_alerts)


def _value(row: asyncpg.Record, incident_id: UUID, status: str, urgency: str) -> Incident:
    """Return a row as the model knows it; what an alert has as well goes by other names in an alert's row."""
    return Incident(
        id=incident_id,
        title=row["title"],
        status=Status(status),
        urgency=Urgency(urgency),
        generation=row["generation"],
        version=row["version"],
        assignee_id=row["assignee_id"],
        until=row["until"],
        next_step=row["next_step"],
        lap=row["lap"],
    )


def idempotency(delivery: Delivery) -> tuple[int, bytes, bytes]:
    """Return by what a delivery with an idempotency key is remembered."""
    key = hashlib.sha256(delivery.idempotency_key.encode()).digest()
    return delivery.integration.id, key, hashlib.sha256(delivery.body).digest()


def own_report(delivery: Delivery) -> Event:
    """Return the event by which an integration's people learn that not all of what it sends is taken."""
    integration = delivery.integration
    why, words = ("throttled", "more than we take") if delivery.throttled else ("unreadable", "what we cannot read")
    return Event(
        action=Action.TRIGGER,
        dedup_key=f"{OWN_KEYS}{why}:{integration.id}",
        title=f"Integration {integration.name} sends {words}",
        severity=Severity.WARNING,
        source="OpsKnight",
    )


def shas_of(delivery: Delivery) -> list[bytes]:
    """Return the hash of each event's dedup key; of what is unreadable, nothing."""
    return [b"" if isinstance(event, Unreadable) else dedup_sha(event.dedup_key) for event in delivery.events]
