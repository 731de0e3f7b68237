"""The connection on which the ingest lane stores its batches, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opsknight.clock import Clock
from opsknight.domain.commands.deliveries import ChangedMeanwhile, Delivery, Receipt, StoredBefore, Unconfirmed
from opsknight.domain.commands.ingest import Connection, ingest, rehearse
from opsknight.domain.store.engine import lost_connection

INDEXES_ONLY = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    " SET plan_cache_mode = force_generic_plan"
)
"""Told to the connection: a plan that was made while a table was empty must not scan it when it is full."""
PATIENCE_S = 0.005
"""How long a lane with its batch ready waits for another's to be stored, in seconds: longer than that takes but where
the disk is slow, and there two together are quicker."""
TRIES = 4
"""How often a batch meets other writers of the same alerts before it is given up."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A batch of which nobody knows whether it is stored, because the answer to its commit was lost."""

    ids: Sequence[UUID]
    at: datetime
    receipts: Sequence[Receipt]


class Pen:
    """Held by the lane that writes, so that the others prepare their batches meanwhile.

    Two that write at the same time end at the same time: then there is nothing to do while they write, and
    nothing is written while their senders are answered. It is handed over after PATIENCE_S in any case.
    """

    def __init__(self) -> None:
        """Lie on the desk."""
        self._writing = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Wait for the pen."""
        if self._writing:
            loop = asyncio.get_running_loop()
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            patience = loop.call_later(PATIENCE_S, _hand, turn)
            try:
                await turn
            finally:
                patience.cancel()
        self._writing += 1

    async def __aexit__(self, *_: object) -> None:
        """Hand it to who waits longest."""
        self._writing -= 1
        while self._waiting and not _hand(self._waiting.popleft()):
            pass


def _hand(turn: asyncio.Future[None]) -> bool:
    """Give a lane its turn, unless it has had it or has gone."""
    if turn.done():
        return False
    turn.set_result(None)
    return True


class Lane:
    """Stores batches on one connection, opened anew by `connect` when it was lost; lanes share one `pen`."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, clock: Clock, pen: Pen | None = None) -> None:
        """Connect with the first batch."""
        self._connect = connect
        self._clock = clock
        self._pen = pen or Pen()
        self._connection: Connection | None = None
        self._doubt: _Doubt | None = None

    async def store(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        """Store `deliveries` in one transaction and return a receipt for each.

        When the connection is lost, call it again with the same deliveries: they are stored once,
        whatever became of the first commit.

        Raises:
            ChangedMeanwhile: others change the same alerts all the time.
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: what the database said.
        """
        ids = [delivery.id for delivery in deliveries]
        doubt = self._doubt if self._doubt is not None and self._doubt.ids == ids else None
        # The same instant again: the rows of the first commit, if there was one, are in the way of the second.
        now = self._clock.now() if doubt is None else doubt.at
        for tried in range(1, TRIES + 1):
            connection = await self._opened()
            try:
                receipts = await ingest(connection, deliveries, now=now, pen=self._pen, trusting=tried == 1)
            except ChangedMeanwhile:
                if tried == TRIES:
                    raise
            except StoredBefore:
                if doubt is None:
                    raise
                return doubt.receipts
            except Unconfirmed as lost:
                self._doubt = _Doubt(ids, now, lost.receipts)
                connection.terminate()
                raise lost.why from None  # what it is the cause of cannot be its cause
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) or lost_connection(error):
                    connection.terminate()
                raise
            else:
                self._doubt = None
                return receipts
        raise AssertionError("every way out of the loop is above")

    async def open(self) -> None:
        """Connect and have every statement prepared, so that the first batch need not wait for it."""
        await self._opened()

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=2)

    async def _opened(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
            await self._connection.execute(INDEXES_ONLY)
            await rehearse(self._connection)
        return self._connection
