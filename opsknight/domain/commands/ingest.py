"""Ingest: a batch of deliveries becomes alerts, incidents, timers and facts in one transaction.

Runs on the connection that the commit lane keeps. Everything is set-wise; the number of statements
does not depend on the number of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from opsknight.domain.commands import records, standings
from opsknight.domain.commands.arrivals import Desk, Opening, WorkingAlert
from opsknight.domain.commands.belonging import home, loudness
from opsknight.domain.commands.deliveries import ChangedMeanwhile, Delivery, Receipt, StoredBefore, Unconfirmed
from opsknight.domain.commands.quieting import quiet_of
from opsknight.domain.commands.records import Pen
from opsknight.domain.commands.rerouting import any_reroutes, placed
from opsknight.domain.commands.rulings import OPENING, Rulings, judged
from opsknight.domain.commands.standings import Remembered, idempotency, own_report, shas_of
from opsknight.domain.model.event import Event, Unreadable, Urgency, dedup_sha
from opsknight.domain.model.incident import Status
from opsknight.domain.model.intake import Verdict, decide
from opsknight.domain.model.ruled import RuledEvent
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import arrivals as sql
from opsknight.domain.store.engine import jsonb, lost_connection

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_OWN_PEN: Final[Pen] = nullcontext()
_STORED_BEFORE: Final[tuple[tuple[Verdict, UUID | None], ...]] = ((Verdict.STORED_BEFORE, None),)


async def ingest(
    connection: Connection, deliveries: Sequence[Delivery], *, now: datetime, pen: Pen = _OWN_PEN, trusting: bool = True
) -> list[Receipt]:
    """Store `deliveries` with all that follows from them, and return a receipt for each, in order.

    It waits for the `pen` before it writes. Not `trusting`, it holds each incident that it may change, instead
    of finding out in the end who else did.

    Raises:
        ChangedMeanwhile: somebody else changed the same alerts; nothing is stored, call again.
        StoredBefore: a first call with the same `now` has stored them.
        Unconfirmed: perhaps stored; call again with the same `now` to know.
        asyncpg.PostgresError: nothing is stored.
    """
    seen = await standings.remembered(connection, deliveries)
    rulings = judged(deliveries, now=now)
    if any_reroutes(deliveries):
        rulings = await placed(connection, rulings or Rulings(deliveries, now))
    arrivals = [(delivery, shas_of(delivery)) for delivery in (rulings.deliveries if rulings else deliveries)]
    desk = Desk(now)
    batch = _Batch(desk, rulings)
    desk.quiet = await quiet_of(connection, arrivals, now=now)
    is_alone = rulings is None and desk.quiet is None
    held = await standings.read(connection, desk, arrivals, trusting=trusting and is_alone)
    receipts: list[Receipt] = []
    try:
        if held or not is_alone:
            async with connection.transaction():
                held = await rulings.prepare(connection, held) if rulings else held
                if held:
                    await standings.hold(connection, desk, held)
                receipts += batch.take_all(arrivals, seen)
                await batch.store(connection)
                if desk.quiet is not None:
                    await desk.quiet.store(connection)
        else:
            receipts += batch.take_all(arrivals, seen)
            await batch.store(connection, pen=pen)
    except Exception as error:
        if receipts and lost_connection(error):
            raise Unconfirmed(receipts, error) from error
        raise
    return receipts


async def rehearse(connection: Connection) -> None:
    """Have every statement of ingest prepared on `connection`; what they would store is nothing."""
    transaction = connection.transaction()
    await transaction.start()
    now = await connection.fetchval("SELECT clock_timestamp()")
    for statement, arguments in sql.REHEARSAL:
        await connection.fetch(statement, *(now if argument is sql.NOW else argument for argument in arguments))
    await transaction.rollback()


class _Batch:
    """Applies deliveries to the desk and collects the rows that log them."""

    def __init__(self, desk: Desk, rulings: Rulings | None) -> None:
        self._desk = desk
        self._rulings = rulings
        self._log = records.Log()
        self._remembered: dict[tuple[int, bytes, bytes], tuple[UUID, int]] = {}

    def take_all(self, arrivals: Sequence[tuple[Delivery, Sequence[bytes]]], seen: Remembered) -> list[Receipt]:
        """Apply deliveries in order; return a receipt for each."""
        return [self._take(delivery, shas, seen) for delivery, shas in arrivals]

    async def store(self, connection: Connection, *, pen: Pen | None = None) -> None:
        """Write where it all ended; at once and with the `pen` where no incident is held for it.

        Raises:
            ChangedMeanwhile: somebody else changed the same alerts.
            StoredBefore: a first call with the same `now` has stored them.
        """
        self._log.idempotency = [(*key, *stored) for key, stored in self._remembered.items()]
        if self._desk.repeated:
            await records.tell_repeated(connection, self._desk)
        if self._rulings:
            self._rulings.conclude(self._desk)
        try:
            if pen is None:
                await records.store_changes(connection, self._desk, self._log)
            else:
                await records.store_at_once(connection, self._desk, self._log, pen)
            if self._rulings:
                await self._rulings.store(connection, self._desk)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "alerts_one_open":
                raise ChangedMeanwhile from error
            if (error.table_name or "").startswith(("deliveries", "events")):
                raise StoredBefore from error
            raise

    def _take(self, delivery: Delivery, shas: Sequence[bytes], seen: Remembered) -> Receipt:
        """Apply one delivery; what of it is stored already changes nothing and says so."""
        delivery_id, is_first, stored = delivery.id, delivery.offset == 0, 0
        if delivery.idempotency_key:
            key, end = idempotency(delivery), delivery.offset + len(delivery.events)
            known = self._remembered.get(key) or seen.get(key)
            is_first = known is None
            if known is not None:
                delivery_id, stored = known[0], max(0, known[1] - delivery.offset)
                if known[1] >= end:
                    return Receipt(delivery_id, _STORED_BEFORE * len(delivery.events), duplicate=True)
            self._remembered[key] = (delivery_id, end)
        self._log_delivery(delivery, delivery_id, is_first=is_first)
        verdicts = tuple(
            self._take_event(delivery, delivery_id, delivery.offset + stored + index, event, sha)
            for index, (event, sha) in enumerate(zip(delivery.events[stored:], shas[stored:], strict=True))
        )
        if delivery.is_told or any(verdict is Verdict.UNREADABLE for verdict, _ in verdicts):
            self._report(delivery)
        return Receipt(delivery_id, _STORED_BEFORE * stored + verdicts)

    def _log_delivery(self, delivery: Delivery, delivery_id: UUID, *, is_first: bool) -> None:
        reason = next((event.reason for event in delivery.events if isinstance(event, Unreadable)), None)
        if not is_first:
            if reason:
                self._log.unreadable.setdefault(delivery_id, reason)
            return
        if delivery.headers:
            self._log.headers[delivery.id] = jsonb(dict(delivery.headers))
        status = "rejected" if delivery.refusal else "unreadable" if reason else None
        self._log.deliveries.append(
            (
                delivery.id,
                delivery.integration.id,
                delivery.content_type,
                delivery.body,
                status,
                delivery.refusal or reason,
            )
        )

    def _take_event(
        self, delivery: Delivery, delivery_id: UUID, ordinal: int, event: Event | Unreadable, sha: bytes
    ) -> tuple[Verdict, UUID | None]:
        integration = delivery.integration
        if self._rulings and isinstance(event, RuledEvent):
            integration = home(event, integration)
        where = (delivery_id, ordinal, integration.id, integration.service_id)
        if isinstance(event, Unreadable):
            self._log.events.append((*where, "unreadable", "", event.reason, "", None, Verdict.UNREADABLE, None, None))
            return Verdict.UNREADABLE, None
        verdict, urgency = self._decide(event, sha, integration)
        if self._rulings and isinstance(event, RuledEvent) and verdict in OPENING:
            verdict, alert = self._rule(self._rulings, verdict, event, sha, integration, Opening(*where[:2], urgency))
        elif verdict is Verdict.OPENED:
            alert = self._desk.open(event, sha, integration, Opening(delivery_id, ordinal, urgency))
        else:
            alert = self._desk.apply(verdict, event, sha, integration, urgency)
        if self._rulings and isinstance(event, RuledEvent) and alert is not None and alert.is_open:
            self._rulings.took(event, alert)
        if verdict is Verdict.OPENED and alert is not None:  # its row follows from what it opened
            return verdict, alert.incident_id
        said = (event.action, event.dedup_key, event.title, event.severity, event.occurred_at, verdict)
        of = (None, None) if alert is None else (alert.id, alert.incident_id)
        self._log.events.append((*where, *said, *of))
        return verdict, of[1]

    def _rule(
        self,
        rulings: Rulings,
        verdict: Verdict,
        event: RuledEvent,
        sha: bytes,
        integration: Integration,
        opening: Opening,
    ) -> tuple[Verdict, WorkingAlert | None]:
        """Open or reopen an alert as rules say, or not at all; return the verdict and the alert."""
        desk, urgency = self._desk, opening.urgency
        verdict = rulings.settle(event, verdict, sha, integration, desk)
        if verdict in (Verdict.DROPPED, Verdict.COUNTED):
            return verdict, None
        incident_id = rulings.joins(event, sha, integration, desk) if verdict is Verdict.JOINED else None
        if incident_id is not None:
            alert = desk.join(event, sha, integration, urgency, incident_id)
            rulings.joined(event, alert, integration, desk)
            return verdict, alert
        if verdict is Verdict.OPENED:
            alert = desk.open(event, sha, integration, opening)
        else:
            before = desk.alerts[integration.service_id, sha]
            was_over = desk.incidents[before.incident_id].value.status is Status.RESOLVED
            alert = desk.apply(verdict, event, sha, integration, urgency)
            if alert is None or not was_over:
                return verdict, alert
        rulings.opened(event, alert, integration, desk)
        return verdict, alert

    def _decide(self, event: Event, sha: bytes, integration: Integration) -> tuple[Verdict, Urgency]:
        now, quiet = self._desk.now, self._desk.quiet
        urgency = loudness(event, integration, now)
        latest = self._desk.alerts.get((integration.service_id, sha))
        window = integration.reopen_window if quiet is None else quiet.reopen_window(event, sha, integration)
        return decide(event, latest, urgency=urgency, now=now, reopen_window=window), urgency

    def _report(self, delivery: Delivery) -> None:
        """Let an integration's people know, once an hour, that we cannot read what it sends."""
        report = own_report(delivery)
        sha = dedup_sha(report.dedup_key)
        verdict, urgency = self._decide(report, sha, delivery.integration)
        if verdict is Verdict.OPENED:
            self._desk.open(report, sha, delivery.integration, Opening(None, 0, urgency))
        else:
            self._desk.apply(verdict, report, sha, delivery.integration, urgency)
