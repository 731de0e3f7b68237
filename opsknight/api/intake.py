"""The commit lane: what arrives while one commit is in flight goes together into the next.

No timer: an idle system adds nothing, a busy one commits up to BATCH events at once. One lane owns
one connection, so events of one key keep the order in which they arrived.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import structlog

from opsknight import metrics
from opsknight.clock import Clock
from opsknight.deps import is_poison, lost_connection, retryable
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.errors import Unavailable

log = structlog.get_logger(__name__)

BATCH = 64
"""Events in one commit; keeps every turn of the loop short."""
QUEUE = 4096
"""Deliveries that may wait for the lane; past that a sender is asked to come back."""
PATIENCE_S = 2.25
"""How long a sender waits for its commit before it is told 503; the event may still be stored."""
STUCK_S = 2.0
"""A commit in flight for longer means the database is away: new arrivals are refused soon."""
MISTAKES: Final = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What Python raises where we did not foresee what an event holds."""
_MISTAKE: Final = "OpsKnight made a mistake with it"

Write: TypeAlias = Callable[[Sequence[Delivery]], Awaitable[Sequence[Receipt]]]


@dataclass(slots=True, eq=False)
class _Waiting:
    delivery: Delivery
    since: float
    answer: asyncio.Future[Receipt] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Intake:
    """Takes deliveries, commits them in groups, answers each after its commit.

    `write` stores a batch in one transaction and raises what the database said; `committed` is
    called after each commit, to wake what waits for new work.
    """

    def __init__(self, write: Write, *, clock: Clock, committed: Callable[[Sequence[Receipt]], object]) -> None:
        """Prepare an idle lane; `run` and `run_patience` work it."""
        self._write = write
        self._clock = clock
        self._committed = committed
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._writing: list[_Waiting] = []
        self._writing_since: float | None = None

    @property
    def stuck(self) -> bool:
        """Whether the present commit takes so long that the database must be away."""
        return self._writing_since is not None and self._clock.monotonic() - self._writing_since > STUCK_S

    @property
    def depth(self) -> int:
        """How many deliveries wait."""
        return len(self._queue)

    async def submit(self, delivery: Delivery) -> Receipt:
        """Store `delivery` and return its receipt once it is durable.

        Raises:
            Unavailable: the database did not answer in time, or too much waits already. The sender
                must send again; nothing it sends twice with one idempotency key counts twice.
        """
        if self.stuck or len(self._queue) >= QUEUE:
            await asyncio.sleep(0.5)  # an instant refusal would make senders hammer us
            raise Unavailable("The event is not stored: the database does not answer. Send it again.", retry_after_s=2)
        waiting = _Waiting(delivery, self._clock.monotonic())
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.answer

    async def run(self) -> None:
        """Commit what arrives, for ever."""
        while True:
            await self._arrived.wait()
            batch = self._take()
            if not batch:
                # In the same turn in which the queue was seen empty, so that no arrival is missed.
                self._arrived.clear()
                continue
            await self._commit(batch)

    async def run_patience(self) -> None:
        """Tell senders that have waited too long, for ever; one look for all is cheaper than a timer for each."""
        while True:
            await asyncio.sleep(0.25)
            before = self._clock.monotonic() - PATIENCE_S
            for waiting in (*self._writing, *self._queue):
                if waiting.since < before and not waiting.answer.done():
                    waiting.answer.set_exception(
                        Unavailable(
                            "The event is perhaps not stored: the database is slow. Send it again.", retry_after_s=2
                        )
                    )

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        events = 0
        while self._queue and events < BATCH:
            waiting = self._queue[0]
            size = max(1, len(waiting.delivery.events))
            if batch and events + size > BATCH:
                break
            self._queue.popleft()
            if waiting.answer.done():  # its sender gave up or hung up before we began
                continue
            batch.append(waiting)
            events += size
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        self._writing, self._writing_since = batch, self._clock.monotonic()
        try:
            receipts = await self._stored([waiting.delivery for waiting in batch])
        except Exception as error:  # noqa: BLE001  # the lane must outlive any batch; every sender is told
            refusal = _refusal(error)
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(refusal)
            log.warning("a batch could not be stored", events=len(batch), error=repr(error))
            return
        finally:
            self._writing, self._writing_since = [], None
        for waiting, receipt in zip(batch, receipts, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(receipt)
        metrics.BATCH_SIZE.observe(len(batch))
        self._committed(receipts)

    async def _stored(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        """Write a batch; retry it whole when the database asks for it, split it when one of it is poison.

        Poison is also an event at which we make a mistake: it must hold up no other, and not be lost.
        """
        for tried in range(5):
            try:
                return await self._write(deliveries)
            except Exception as error:
                mistaken = isinstance(error, MISTAKES)
                if is_poison(error) or (mistaken and (tried or len(deliveries) > 1)):
                    return await self._split(deliveries, error)
                if not (mistaken or retryable(error)) or self.stuck:
                    raise
                await asyncio.sleep(0.05 * 2**tried if lost_connection(error) else 0)
        return await self._write(deliveries)

    async def _split(self, deliveries: Sequence[Delivery], error: Exception) -> Sequence[Receipt]:
        """Halve until the event that cannot be stored stands alone; that one is kept as unreadable."""
        if len(deliveries) == 1 and len(deliveries[0].events) > 1:
            first, second = deliveries[0].halves()
            parts = [*await self._stored([first]), *await self._stored([second])]
            return [Receipt(parts[0].delivery_id, parts[0].verdicts + parts[1].verdicts)]
        if len(deliveries) == 1:
            refused = is_poison(error)
            reason = f"The database refuses it: {error}" if refused else f"{_MISTAKE}: {type(error).__name__}"
            log.warning("an event cannot be stored", error=repr(error), exc_info=None if refused else error)
            return await self._write([deliveries[0].as_unreadable(reason)])
        middle = len(deliveries) // 2
        return [*await self._stored(deliveries[:middle]), *await self._stored(deliveries[middle:])]


def _refusal(error: Exception) -> Exception:
    if isinstance(error, Unavailable):
        return error
    return Unavailable("The event is not stored: the database is away. Send it again.", retry_after_s=2)
