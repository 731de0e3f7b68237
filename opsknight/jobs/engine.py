"""The engine: fires what is due. Woken in memory after commits, by NOTIFY, and by a sweep twice a second.

The sweep alone meets the promise; the other two make it quick. A batch is fired in one unit; when
that fails, its halves are, so that one poisoned timer soon stands alone and holds no other up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from opsknight import metrics
from opsknight.deps import Deps, busy, retryable
from opsknight.domain.commands import claims
from opsknight.domain.commands.claims import ClaimedTimer
from opsknight.domain.commands.due import fire
from opsknight.domain.queries.timers import next_due_at
from opsknight.jobs.rest import Rest
from opsknight.jobs.worker import Worker

log = structlog.get_logger(__name__)

AT_ONCE = 100
BREATH_S = 0.02
"""Between two looks, however often commits wake us: what falls due meanwhile is fired together."""
SWEEP_S = 0.5
"""So that what nobody woke us for is handed off within its second all the same."""
AGAIN_S = 1.0
"""How soon to look again for a database that is away."""
BUSY_FOR = timedelta(minutes=1)
"""How long one timer may find the database busy, which is hardly its own fault; after that it counts as failing."""
BUSY_AGAIN = timedelta(seconds=1)
BUSY_AGAIN_CAP = timedelta(seconds=5)
"""How soon such a timer comes again; for as long as it has waited the others go before it, but no longer than this."""
REMEMBERED = 1000


class Engine:
    """Claims due timers for this worker and fires them."""

    def __init__(self, deps: Deps, worker: Worker) -> None:
        """Prepare to work as `worker`."""
        self._deps = deps
        self._worker = worker
        self._woken = asyncio.Event()
        self._unsure = False
        self._busy_since: dict[UUID, datetime] = {}

    def wake(self) -> None:
        """Look at once: a timer may be due."""
        self._woken.set()

    async def run(self) -> None:
        """Fire what is due until the process stops. A database that is away is tried again every second."""
        while not self._deps.stopping.is_set():
            self._woken.clear()
            rest = await self.turn()
            await rest.over()

    async def turn(self) -> Rest:
        """Fire once what is due; return how long there is nothing to do then. It outlives every fault."""
        try:
            if self._unsure:
                await self._release()
            claimed = await self._claim()
            if claimed:
                await self._fire(claimed)
            if len(claimed) == AT_ONCE:
                return Rest(self._woken, 0.0)
            return Rest(self._woken, await self._until_due_s(), at_least_s=BREATH_S)
        except Exception as error:  # noqa: BLE001  # the engine outlives every fault of the database
            wait_s = AGAIN_S if self._unsure else BREATH_S  # a deadlock or a lost connection is over at once
            self._unsure = True
            log.warning("the engine could not work", retry_after_s=wait_s, error=repr(error))
            self._worker.back.clear()
            return Rest(self._worker.back, wait_s)

    async def _release(self) -> None:
        """After a fault of the database: timers may be ours that we gave up, or of which we were never told."""
        async with self._deps.engine_commands("engine:claim") as uow:
            await claims.release(uow, worker=self._worker.id)
        self._unsure = False

    async def _claim(self) -> Sequence[ClaimedTimer]:
        if not self._worker.holds_lock:
            return ()
        async with self._deps.engine_commands("engine:claim") as uow:
            return await claims.claim(uow, worker=self._worker.id, limit=AT_ONCE)

    async def _fire(self, claimed: Sequence[ClaimedTimer]) -> None:
        lag_s = (self._deps.clock.now() - min(timer.due_at for timer in claimed)).total_seconds()
        metrics.ENGINE_LAG_SECONDS.set(lag_s)
        await self._fire_or_halve(claimed)

    async def _fire_or_halve(self, claimed: Sequence[ClaimedTimer]) -> None:
        """Fire in one unit; where that fails, each half in one, until the timer that fails stands alone."""
        try:
            await self._fire_together(claimed)
        except Exception as error:
            if retryable(error):  # no timer's fault: all are released, and claimed again
                raise
            if len(claimed) == 1:
                await self._put_back(claimed[0], error)  # only this one backs off
                return
            log.warning("a batch of timers failed; firing it in halves", timers=len(claimed), error=repr(error))
            middle = len(claimed) // 2
            await self._fire_or_halve(claimed[:middle])
            await self._fire_or_halve(claimed[middle:])

    async def _fire_together(self, claimed: Sequence[ClaimedTimer]) -> None:
        for last in (False, False, True):
            try:
                async with self._deps.engine_commands("timer:engine") as uow:
                    await fire(uow, claimed)
            except Exception as error:
                if last or not retryable(error):
                    raise
            else:
                if self._busy_since:
                    for timer in claimed:
                        self._busy_since.pop(timer.id, None)
                return

    async def _put_back(self, timer: ClaimedTimer, error: Exception) -> None:
        if busy(error) and (waited := self._waited(timer)) < BUSY_FOR:
            await self._put_aside(timer, error, wait=min(max(waited, BUSY_AGAIN), BUSY_AGAIN_CAP))
            return
        log.error("a timer failed", kind=timer.kind, subject=str(timer.subject), error=repr(error), exc_info=error)
        async with self._deps.engine_commands(f"timer:{timer.kind}") as uow:
            died = await claims.put_back(uow, timer, reason=repr(error))
        if died:
            metrics.DEAD_TIMERS.labels(timer.kind).inc()

    async def _put_aside(self, timer: ClaimedTimer, error: Exception, *, wait: timedelta) -> None:
        """Others hold what the timer needs, or the database is slow: it comes again, and has not failed."""
        wait_s = wait.total_seconds()
        log.warning("a timer waits for the database", kind=timer.kind, retry_after_s=wait_s, error=repr(error))
        async with self._deps.engine_commands(f"timer:{timer.kind}") as uow:
            await claims.put_aside(uow, timer, reason=repr(error), wait=wait)

    def _waited(self, timer: ClaimedTimer) -> timedelta:
        """Return for how long the database has been too busy for a timer."""
        if len(self._busy_since) > REMEMBERED:  # those that others fired meanwhile stay until then
            self._busy_since.clear()
        now = self._deps.clock.now()
        return now - self._busy_since.setdefault(timer.id, now)

    async def _until_due_s(self) -> float:
        """Return how many seconds it is until the next timer is due, or until the next sweep."""
        async with self._deps.database.engine_reads() as session:
            due_at = await next_due_at(session)
        metrics.ENGINE_LAG_SECONDS.set(0)
        if due_at is None:
            return SWEEP_S
        return min(SWEEP_S, max(0.0, (due_at - self._deps.clock.now()).total_seconds()))
