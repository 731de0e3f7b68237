"""Ingest: a batch of deliveries becomes alerts, incidents, timers and facts in one transaction.

Runs on the connection that the commit lane keeps. Everything is set-wise; the number of statements
does not depend on the number of events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from opsknight.crypto import new_id
from opsknight.domain.commands import records
from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident
from opsknight.domain.model.event import Action, Event, Severity, Unreadable, Urgency, dedup_sha, urgency_of
from opsknight.domain.model.incident import Incident, Status
from opsknight.domain.model.intake import OWN_KEYS, Verdict, decide
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import arrivals as sql
from opsknight.domain.store.engine import lost_connection

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class ChangedMeanwhile(Exception):
    """Another writer changed an alert between our reading and our writing; read again."""


class StoredBefore(Exception):
    """These deliveries are stored already, under the same instant; nothing is stored now."""


class Unconfirmed(Exception):
    """The connection was lost (`why`) before the commit was answered: `receipts` hold if it was made after all."""

    def __init__(self, receipts: list[Receipt], why: Exception) -> None:
        """Keep what would have been answered."""
        super().__init__(str(why))
        self.receipts = receipts
        self.why = why


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request, or the part of it from event number `offset` on.

    `refusal` is why a whole delivery was answered 400: it is kept as rejected and has no events.
    """

    id: UUID
    integration: Integration
    events: tuple[Event | Unreadable, ...]
    body: bytes
    content_type: str = ""
    request_id: str = ""
    idempotency_key: str = ""
    offset: int = 0
    refusal: str = ""

    def as_unreadable(self, reason: str) -> Delivery:
        """Return it with its events replaced by the reason why they cannot be stored."""
        return replace(self, events=tuple(Unreadable(reason) for _ in self.events))

    def parts(self, size: int) -> Iterator[Delivery]:
        """Yield it in parts of `size` events, which stored in this order are the whole."""
        for start in range(0, len(self.events), size):
            yield replace(self, events=self.events[start : start + size], offset=self.offset + start)

    def halves(self) -> tuple[Delivery, Delivery]:
        """Return its first and second half, which together store the same."""
        middle = len(self.events) // 2
        rest = replace(self, events=self.events[middle:], offset=self.offset + middle)
        return replace(self, events=self.events[:middle]), rest


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is durable now: the delivery and the verdict of each of its events, in order."""

    delivery_id: UUID
    verdicts: tuple[tuple[Verdict, UUID | None], ...] = ()
    duplicate: bool = False


async def ingest(connection: Connection, deliveries: Sequence[Delivery], *, now: datetime) -> list[Receipt]:
    """Store `deliveries` with all that follows from them, and return a receipt for each, in order.

    Raises:
        ChangedMeanwhile: somebody else changed the same alerts; nothing is stored, call again.
        StoredBefore: a first call with the same `now` has stored them.
        Unconfirmed: perhaps stored; call again with the same `now` to know.
        asyncpg.PostgresError: nothing is stored.
    """
    written: list[Receipt] | None = None
    try:
        async with connection.transaction():
            seen = await _seen(connection, deliveries)
            arrivals = [(delivery, _shas(delivery)) for delivery in deliveries]
            desk = Desk(now)
            await _read(connection, desk, arrivals)
            batch = _Batch(desk)
            receipts = [batch.take(delivery, shas, seen) for delivery, shas in arrivals]
            await _store(connection, desk, batch)
            written = receipts
    except Exception as error:
        if written is not None and lost_connection(error):
            raise Unconfirmed(written, error) from error
        raise
    return receipts


class _Batch:
    """Applies deliveries to the desk and collects the rows that log them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.deliveries: list[tuple[Any, ...]] = []
        self.events: list[dict[str, Any]] = []
        self.remembered: dict[tuple[int, bytes, bytes], tuple[UUID, int]] = {}

    def take(self, delivery: Delivery, shas: Sequence[bytes], seen: _Seen) -> Receipt:
        """Apply one delivery; a part that is stored already changes nothing and says so."""
        delivery_id, end = delivery.id, delivery.offset + len(delivery.events)
        if delivery.idempotency_key:
            key = _idempotency(delivery)
            known = self.remembered.get(key) or seen.get(key)
            if known is not None and known[1] >= end:
                return Receipt(known[0], duplicate=True)
            delivery_id = known[0] if known is not None else delivery.id
            self.remembered[key] = (delivery_id, end)
            self._log_delivery(delivery, is_first=known is None)
        else:
            self._log_delivery(delivery, is_first=delivery.offset == 0)
        verdicts = tuple(
            self._take_event(delivery, delivery_id, delivery.offset + index, event, sha)
            for index, (event, sha) in enumerate(zip(delivery.events, shas, strict=True))
        )
        if delivery.refusal or any(verdict is Verdict.UNREADABLE for verdict, _ in verdicts):
            report = _report(delivery.integration)
            self._event(report, dedup_sha(report.dedup_key), delivery.integration)
        return Receipt(delivery_id, verdicts)

    def _log_delivery(self, delivery: Delivery, *, is_first: bool) -> None:
        if not is_first:
            return
        reasons = [event.reason for event in delivery.events if isinstance(event, Unreadable)]
        status = "rejected" if delivery.refusal else "unreadable" if reasons else "accepted"
        reason = delivery.refusal or (reasons[0] if reasons else "")
        self.deliveries.append(
            (
                delivery.id,
                delivery.integration.id,
                status,
                reason,
                delivery.content_type,
                delivery.request_id,
                delivery.body,
            )
        )

    def _take_event(
        self, delivery: Delivery, delivery_id: UUID, ordinal: int, event: Event | Unreadable, sha: bytes
    ) -> tuple[Verdict, UUID | None]:
        integration = delivery.integration
        row: dict[str, Any] = {
            "id": new_id(),
            "delivery_id": delivery_id,
            "ordinal": ordinal,
            "integration_id": integration.id,
            "service_id": integration.service_id,
        }
        self.events.append(row)
        if isinstance(event, Unreadable):
            verdict = row["verdict"] = Verdict.UNREADABLE
            row.update(action="unreadable", dedup_key="", title=event.reason, severity="")
            return verdict, None
        verdict, alert = self._event(event, sha, integration)
        row["action"] = event.action
        row["dedup_key"] = event.dedup_key
        row["title"] = event.title
        row["severity"] = event.severity
        row["occurred_at"] = event.occurred_at
        row["verdict"] = verdict
        if alert is None:
            return verdict, None
        row["alert_id"], row["incident_id"] = alert.id, alert.incident_id
        return verdict, alert.incident_id

    def _event(self, event: Event, sha: bytes, integration: Integration) -> tuple[Verdict, WorkingAlert | None]:
        desk = self._desk
        urgency = urgency_of(event.severity, integration.urgency_mode)
        latest = desk.alerts.get((integration.service_id, sha))
        verdict = decide(event, latest, urgency=urgency, now=desk.now, reopen_window=integration.reopen_window)
        return verdict, desk.apply(verdict, event, sha, integration, urgency)


_Seen: TypeAlias = dict[tuple[int, bytes, bytes], tuple[UUID, int]]


def _report(integration: Integration) -> Event:
    """Return the event by which an integration's people learn that we cannot read what it sends."""
    return Event(
        action=Action.TRIGGER,
        dedup_key=f"{OWN_KEYS}unreadable:{integration.id}",
        title=f"Integration {integration.name} sends what we cannot read",
        severity=Severity.WARNING,
        source="OpsKnight",
    )


def _shas(delivery: Delivery) -> list[bytes]:
    return [b"" if isinstance(event, Unreadable) else dedup_sha(event.dedup_key) for event in delivery.events]


def _idempotency(delivery: Delivery) -> tuple[int, bytes, bytes]:
    key = hashlib.sha256(delivery.idempotency_key.encode()).digest()
    return delivery.integration.id, key, hashlib.sha256(delivery.body).digest()


async def _seen(connection: Connection, deliveries: Sequence[Delivery]) -> _Seen:
    """Return what is remembered of the batch's idempotency keys."""
    keys = [_idempotency(delivery) for delivery in deliveries if delivery.idempotency_key]
    if not keys:
        return {}
    rows = await connection.fetch(sql.IDEMPOTENT, *sql.columns(keys, 3))
    return {
        (row["integration_id"], row["key_sha"], row["body_sha"]): (row["delivery_id"], row["stored"]) for row in rows
    }


async def _read(connection: Connection, desk: Desk, arrivals: Sequence[tuple[Delivery, Sequence[bytes]]]) -> None:
    """Put the newest alert of every key on the desk, and hold the incidents that may change."""
    keys: _Keys = {}
    more_than_repeats: set[tuple[int, bytes]] = set()
    for delivery, shas in arrivals:
        _note_keys(delivery, shas, keys, more_than_repeats)
    if not keys:
        return
    held: list[UUID] = []
    for row in await connection.fetch(sql.LATEST, *sql.columns(list(keys), 2)):
        key = (row["service_id"], row["sha"])
        alert = desk.alerts[key] = _alert(row)
        if _may_change_incident(alert, *keys[key], repeats_only=key not in more_than_repeats):
            held.append(alert.incident_id)
    if held:
        for row in await connection.fetch(sql.HOLD, held):
            desk.incidents[row["id"]] = _incident(row)


_Keys: TypeAlias = dict[tuple[int, bytes], tuple[Event, Integration]]


def _note_keys(
    delivery: Delivery, shas: Sequence[bytes], keys: _Keys, more_than_repeats: set[tuple[int, bytes]]
) -> None:
    """Note the keys of one delivery with the first event of each, and those with more than repeats of it."""
    integration = delivery.integration
    troubled = bool(delivery.refusal)
    for event, sha in zip(delivery.events, shas, strict=True):
        if isinstance(event, Unreadable):
            troubled = True
            continue
        key = (integration.service_id, sha)
        first, _ = keys.setdefault(key, (event, integration))
        if (
            event.severity is not first.severity
            or Action.TRIGGER is not event.action
            or first.action is not event.action
        ):
            more_than_repeats.add(key)
    if troubled:
        report = _report(integration)
        keys[integration.service_id, dedup_sha(report.dedup_key)] = (report, integration)


def _may_change_incident(alert: WorkingAlert, event: Event, integration: Integration, *, repeats_only: bool) -> bool:
    """Say whether the incident must be held: not for plain repeats, nor for a resolved one that cannot reopen."""
    if not alert.is_open:
        return bool(integration.reopen_window) and not event.dedup_key.startswith(OWN_KEYS)
    raises = (
        alert.highest_urgency is Urgency.LOW and urgency_of(event.severity, integration.urgency_mode) is Urgency.HIGH
    )
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


def _incident(row: asyncpg.Record) -> WorkingIncident:
    value = Incident(
        id=row["id"],
        title=row["title"],
        status=Status(row["status"]),
        urgency=Urgency(row["urgency"]),
        generation=row["generation"],
        version=row["version"],
        assignee_id=row["assignee_id"],
        until=row["until"],
        next_step=row["next_step"],
        lap=row["lap"],
    )
    return WorkingIncident(
        value=value,
        severity=Severity(row["severity"]),
        highest_urgency=Urgency(row["highest_urgency"]),
        open_alerts=row["open_alerts"],
    )


async def _store(connection: Connection, desk: Desk, batch: _Batch) -> None:
    """Write where the working copies ended, and the log of how they came there."""
    if await records.write_changes(connection, desk) != records.changed_alerts(desk):
        raise ChangedMeanwhile
    try:
        await records.write_new(connection, desk, deliveries=batch.deliveries, events=batch.events)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "alerts_one_open":
            raise ChangedMeanwhile from error
        if (error.table_name or "").startswith("deliveries"):
            raise StoredBefore from error
        raise
    await records.arm(connection, desk)
    if batch.remembered:
        rows = [(*key, *stored) for key, stored in batch.remembered.items()]
        written = await connection.fetch(sql.REMEMBER, *sql.columns(rows, 5), desk.now)
        if len(written) != len(rows):
            raise ChangedMeanwhile
