"""A monitor for tests: one integration on the lane's connection, whose events are stored as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.ingest import ingest
from opsknight.domain.model.event import Event, Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import Integration, integrations
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from tests.builders import an_integration
from tests.clock import StoppedClock

Lane = Any


class Monitor:
    """One integration and the lane's connection; `take` stores events as one batch."""

    def __init__(self, connection: Lane, integration: Integration, clock: StoppedClock) -> None:
        self.connection = connection
        self.integration = integration
        self._clock = clock

    async def take(self, *events: Event | Unreadable) -> list[Verdict]:
        """Each event in a delivery of its own, all in one batch."""
        receipts = await self.store(*(self.delivery(event) for event in events))
        return [verdict for receipt in receipts for verdict, _ in receipt.verdicts]

    async def store(self, *deliveries: Delivery) -> Sequence[Receipt]:
        return await ingest(self.connection, deliveries, now=self._clock.now())

    def delivery(self, *events: Event | Unreadable, **changes: Any) -> Delivery:
        return Delivery(new_id(), self.integration, events, b"{}", **changes)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.connection.fetch(sql)]


async def a_monitor(database: Database, clock: StoppedClock, service: ServiceRow, **columns: Any) -> Monitor:
    """Insert an integration of `service` and let it speak."""
    row = await an_integration(database, service, **columns)
    async with database.screens() as session:
        known = await integrations(session)
    return Monitor(await database.lane(), known[row.key], clock)
