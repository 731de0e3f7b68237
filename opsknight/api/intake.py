"""The commit lanes: what arrives while a commit is in flight goes together into the next.

No timer: an idle system adds nothing, a busy one commits up to BATCH events at once, or TOGETHER
deliveries of many events each. Each lane owns one connection; a key is in one lane at a time, so its
events keep the order in which they arrived. Integrations take turns: behind one that storms, the
others wait for no more than its next batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, TypeAlias

import structlog

from opsknight import metrics
from opsknight.api.gate import TOO_MANY
from opsknight.clock import Clock
from opsknight.deps import is_poison, lost_connection, retryable
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.event import Event
from opsknight.domain.queries.catalogue import Integration
from opsknight.errors import Throttled, TurnedAway, Unavailable

log = structlog.get_logger(__name__)

BATCH = 32
"""Events in one commit of more than TOGETHER deliveries; keeps every turn of the loop short."""
TOGETHER = 4
"""Deliveries that share a commit however many events each holds: what a commit costs beside its rows is much."""
QUEUE = 4096
"""Deliveries that may wait for a lane; of one integration no more than there are places left."""
PATIENCE_S = 2.25
"""How long a sender waits for its commit before it is told 503; the event may still be stored."""
WORTH_A_LANE = 16
"""Events that must wait before another lane takes them: below that the commit in flight is soon over."""
LOOK_AHEAD = 256
"""Deliveries that a lane looks at to fill a batch while keys of the first are in another lane."""
STUCK_S = 2.0
"""A commit in flight for longer means the database is away: new arrivals are refused soon."""
MISTAKES: Final = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What Python raises where we did not foresee what an event holds."""
NO_ANSWER: Final = "The event is not stored: the database does not answer. Send it again."
_MISTAKE: Final = "OpsKnight made a mistake with it"

Write: TypeAlias = Callable[[Sequence[Delivery]], Awaitable[Sequence[Receipt]]]
_Key: TypeAlias = tuple[int, str]
"""Of a service, a dedup key."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A delivery on its way; `size` is how many events it counts as, at least one."""

    delivery: Delivery
    since: float
    answer: asyncio.Future[Receipt]
    keys: Sequence[_Key]
    size: int


@dataclass(slots=True, eq=False)
class _Lane:
    """One writer and what it is writing; `since` is when it began, None while it rests."""

    write: Write
    batch: list[_Waiting] = field(default_factory=list[_Waiting])
    since: float | None = None


class Intake:
    """Takes deliveries, commits them in groups, answers each after its commit.

    Each of `writes` stores a batch in one transaction and raises what the database said; they work
    side by side on deliveries that have no key in common. `committed` is called after each commit,
    to wake what waits for new work; `turn` is awaited before each.
    """

    def __init__(
        self,
        writes: Sequence[Write],
        *,
        clock: Clock,
        committed: Callable[[Sequence[Receipt]], object],
        turn: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Prepare idle lanes; `run` and `run_patience` work them."""
        self._lanes = [_Lane(write) for write in writes]
        self._clock = clock
        self._committed = committed
        self._turn = turn
        self._queues: dict[int, deque[_Waiting]] = {}
        self._turns: deque[int] = deque()
        self._depth = 0
        self._events = 0
        self._arrived = asyncio.Event()
        self._taken: set[_Key] = set()

    @property
    def stuck(self) -> bool:
        """Whether a commit takes so long that the database must be away."""
        before = self._clock.monotonic() - STUCK_S
        return any(lane.since is not None and lane.since < before for lane in self._lanes)

    def refuses(self, integration: Integration) -> bool:
        """Whether a delivery of `integration` would be refused now: the database is away, or too many wait already."""
        return self._has_its_share(integration.id) or self.stuck

    def _has_its_share(self, number: int) -> bool:
        """Whether an integration has as many waiting as there are places left; so there is always one for another."""
        if self._depth < QUEUE // 2:
            return False
        queue = self._queues.get(number)
        return self._depth >= QUEUE or (queue is not None and len(queue) >= QUEUE - self._depth)

    @property
    def depth(self) -> int:
        """How many deliveries wait."""
        return self._depth

    def waiting(self, integration: Integration) -> int:
        """Return how many deliveries of `integration` wait."""
        return len(self._queues.get(integration.id, ()))

    def submit(self, delivery: Delivery) -> Awaitable[Receipt]:
        """Store `delivery`; await the receipt, which comes once it is durable.

        Raises:
            Throttled: of this integration too much waits already.
            Unavailable: the database did not answer in time. The sender must send again; nothing it
                sends twice with one idempotency key counts twice.
        """
        if self.stuck:
            raise TurnedAway(NO_ANSWER, retry_after_s=2)
        if self._has_its_share(delivery.integration.id):
            raise Throttled(TOO_MANY, retry_after_s=2)
        return self.enqueue(delivery)

    async def submit_in_parts(self, whole: Delivery, at_once: int) -> Receipt:
        """Store a delivery `at_once` events at a time; a resend goes on after the part that was stored."""
        parts = [await self.submit(part) for part in whole.parts(at_once)]
        verdicts = tuple(verdict for part in parts for verdict in part.verdicts)
        return Receipt(parts[0].delivery_id, verdicts, duplicate=all(part.duplicate for part in parts))

    def enqueue(self, delivery: Delivery) -> asyncio.Future[Receipt]:
        """Do as `submit`, where it is known that it `refuses` nothing now."""
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(delivery, self._clock.monotonic(), answer, _keys(delivery), len(delivery.events) or 1)
        self._queue_of(waiting).append(waiting)
        self._depth += 1
        self._events += waiting.size
        self._arrived.set()
        return answer

    async def run(self) -> None:
        """Commit what arrives, for ever."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._work(lane))

    async def _work(self, lane: _Lane) -> None:
        while True:
            await self._arrived.wait()
            if self._turn is not None:
                await self._turn()
            batch = self._take()
            if not batch:
                # In the same turn in which nothing was found for it, so that no arrival is missed.
                self._arrived.clear()
                continue
            await self._commit(lane, batch)

    async def run_patience(self) -> None:
        """Tell senders that have waited too long, for ever; one look for all is cheaper than a timer for each."""
        while True:
            await asyncio.sleep(0.25)
            before = self._clock.monotonic() - PATIENCE_S
            for waiting in (*(one for lane in self._lanes for one in lane.batch), *chain(*self._queues.values())):
                if waiting.since < before and not waiting.answer.done():
                    waiting.answer.set_exception(
                        Unavailable(
                            "The event is perhaps not stored: the database is slow. Send it again.", retry_after_s=2
                        )
                    )

    def _take(self) -> list[_Waiting]:
        """Take the next batch, one of each integration in turn, past what must wait for a key in another lane."""
        if self._taken and self._events < WORTH_A_LANE:
            return []
        batch: list[_Waiting] = []
        passed: list[_Waiting] = []
        not_now = set(self._taken)
        events, turns = 0, self._turns
        while turns and (events < BATCH or len(batch) < TOGETHER) and len(passed) < LOOK_AHEAD:
            queue = self._queues[turns[0]]
            waiting = queue[0]
            if len(batch) >= TOGETHER and events + waiting.size > BATCH:
                break
            queue.popleft()
            self._depth -= 1
            self._events -= waiting.size
            if queue:
                turns.rotate(-1)
            else:
                del self._queues[turns.popleft()]
            if waiting.answer.done():  # its sender gave up or hung up before we began
                continue
            if not_now and not not_now.isdisjoint(waiting.keys):
                not_now.update(waiting.keys)  # later ones of the same keys wait behind it
                passed.append(waiting)
                continue
            batch.append(waiting)
            events += waiting.size
        for waiting in reversed(passed):
            self._queue_of(waiting).appendleft(waiting)
            self._events += waiting.size
        self._depth += len(passed)
        return batch

    def _queue_of(self, waiting: _Waiting) -> deque[_Waiting]:
        """Return what waits of the same integration, which from now on gets its turns."""
        number = waiting.delivery.integration.id
        if number not in self._queues:
            self._queues[number] = deque()
            self._turns.append(number)
        return self._queues[number]

    async def _commit(self, lane: _Lane, batch: list[_Waiting]) -> None:
        lane.batch, lane.since = batch, self._clock.monotonic()
        keys = {key for waiting in batch for key in waiting.keys}
        self._taken |= keys
        try:
            receipts = await self._stored(lane, [waiting.delivery for waiting in batch])
        except Exception as error:  # noqa: BLE001  # the lane must outlive any batch; every sender is told
            refusal = _refusal(error)
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(refusal)
            log.warning("a batch could not be stored", events=len(batch), error=repr(error))
            return
        finally:
            lane.batch, lane.since = [], None
            self._taken -= keys
            if self._depth:
                self._arrived.set()
        for waiting, receipt in zip(batch, receipts, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(receipt)
        metrics.BATCH_SIZE.observe(len(batch))
        self._committed(receipts)

    async def _stored(self, lane: _Lane, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        """Write a batch; retry it whole when the database asks for it, split it when one of it is poison.

        Poison is also an event at which we make a mistake: it must hold up no other, and not be lost.
        """
        for tried in range(5):
            try:
                return await lane.write(deliveries)
            except Exception as error:
                mistaken = isinstance(error, MISTAKES)
                if is_poison(error) or (mistaken and (tried or len(deliveries) > 1)):
                    return await self._split(lane, deliveries, error)
                if not (mistaken or retryable(error)) or self.stuck:
                    raise
                await asyncio.sleep(0.05 * 2**tried if lost_connection(error) else 0)
        return await lane.write(deliveries)

    async def _split(self, lane: _Lane, deliveries: Sequence[Delivery], error: Exception) -> Sequence[Receipt]:
        """Halve until the event that cannot be stored stands alone; that one is kept as unreadable."""
        if len(deliveries) == 1 and len(deliveries[0].events) > 1:
            first, second = deliveries[0].halves()
            parts = [*await self._stored(lane, [first]), *await self._stored(lane, [second])]
            return [Receipt(parts[0].delivery_id, parts[0].verdicts + parts[1].verdicts)]
        if len(deliveries) == 1:
            refused = is_poison(error)
            reason = f"The database refuses it: {error}" if refused else f"{_MISTAKE}: {type(error).__name__}"
            log.warning("an event cannot be stored", error=repr(error), exc_info=None if refused else error)
            return await lane.write([deliveries[0].as_unreadable(reason)])
        middle = len(deliveries) // 2
        return [*await self._stored(lane, deliveries[:middle]), *await self._stored(lane, deliveries[middle:])]


def _keys(delivery: Delivery) -> Sequence[_Key]:
    service = delivery.integration.service_id
    return [(service, event.dedup_key) for event in delivery.events if isinstance(event, Event)]


def _refusal(error: Exception) -> Exception:
    if isinstance(error, Unavailable):
        return error
    return Unavailable("The event is not stored: the database is away. Send it again.", retry_after_s=2)
