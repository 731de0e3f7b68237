"""Ingest: a batch of deliveries becomes alerts, incidents, timers and facts in one transaction.

Runs on the connection that the commit lane keeps. Everything is set-wise; the number of statements
does not depend on the number of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from opsknight.domain.commands import records, standings
from opsknight.domain.commands.arrivals import Desk, Opening
from opsknight.domain.commands.deliveries import ChangedMeanwhile, Delivery, Receipt, StoredBefore, Unconfirmed
from opsknight.domain.commands.standings import Remembered, idempotency, own_report, shas_of
from opsknight.domain.model.event import Event, Unreadable, Urgency, dedup_sha, urgency_of
from opsknight.domain.model.intake import Verdict, decide
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import arrivals as sql
from opsknight.domain.store.engine import lost_connection

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

Pen: TypeAlias = AbstractAsyncContextManager[object, None]
"""Held by who writes, where several would."""
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
    arrivals = [(delivery, shas_of(delivery)) for delivery in deliveries]
    desk = Desk(now)
    batch = _Batch(desk)
    held = await standings.read(connection, desk, arrivals, trusting=trusting)
    receipts: list[Receipt] = []
    try:
        if held:
            async with connection.transaction():
                await standings.hold(connection, desk, held)
                receipts += batch.take_all(arrivals, seen)
                await batch.store(connection)
        else:
            receipts += batch.take_all(arrivals, seen)
            async with pen:
                await batch.store(connection, at_once=True)
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

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._log = records.Log()
        self._remembered: dict[tuple[int, bytes, bytes], tuple[UUID, int]] = {}

    def take_all(self, arrivals: Sequence[tuple[Delivery, Sequence[bytes]]], seen: Remembered) -> list[Receipt]:
        """Apply deliveries in order; return a receipt for each."""
        return [self._take(delivery, shas, seen) for delivery, shas in arrivals]

    async def store(self, connection: Connection, *, at_once: bool = False) -> None:
        """Write where it all ended; `at_once` where no incident is held for it.

        Raises:
            ChangedMeanwhile: somebody else changed the same alerts.
            StoredBefore: a first call with the same `now` has stored them.
        """
        self._log.idempotency = [(*key, *stored) for key, stored in self._remembered.items()]
        write = records.store_at_once if at_once else records.store_changes
        try:
            await write(connection, self._desk, self._log)
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
        if delivery.refusal or any(verdict is Verdict.UNREADABLE for verdict, _ in verdicts):
            self._report(delivery)
        return Receipt(delivery_id, _STORED_BEFORE * stored + verdicts)

    def _log_delivery(self, delivery: Delivery, delivery_id: UUID, *, is_first: bool) -> None:
        reason = next((event.reason for event in delivery.events if isinstance(event, Unreadable)), None)
        if not is_first:
            if reason:
                self._log.unreadable.setdefault(delivery_id, reason)
            return
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
        where = (delivery_id, ordinal, integration.id, integration.service_id)
        if isinstance(event, Unreadable):
            self._log.events.append((*where, "unreadable", "", event.reason, "", None, Verdict.UNREADABLE, None, None))
            return Verdict.UNREADABLE, None
        verdict, urgency = self._decide(event, sha, integration)
        if verdict is Verdict.OPENED:  # its row follows from what it opened
            opening = Opening(delivery_id, ordinal, urgency)
            return verdict, self._desk.open(event, sha, integration, opening).incident_id
        alert = self._desk.apply(verdict, event, sha, integration, urgency)
        said = (event.action, event.dedup_key, event.title, event.severity, event.occurred_at, verdict)
        of = (None, None) if alert is None else (alert.id, alert.incident_id)
        self._log.events.append((*where, *said, *of))
        return verdict, of[1]

    def _decide(self, event: Event, sha: bytes, integration: Integration) -> tuple[Verdict, Urgency]:
        urgency = urgency_of(event.severity, integration.urgency_mode)
        latest = self._desk.alerts.get((integration.service_id, sha))
        now, window = self._desk.now, integration.reopen_window
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
