"""The advisory lock that says a worker lives, on a connection outside every pool."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog

from opsknight.domain.store.claims import WORKER_LOCKS

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

log = structlog.get_logger(__name__)

_PING_EVERY_S: Final = 1.0
_PING_WITHIN_S: Final = 3.0
_HERE: Final = "SELECT oid FROM pg_database WHERE datname = current_database()"
_AGAIN_S: Final = 0.25
"""Nobody is paged by this worker while its lock is lost."""
_TAKE: Final = "SELECT pg_try_advisory_lock($1, $2)"
_END_OLD: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = $1::bigint AND objid = $2::bigint AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class WorkerLock:
    """Keeps the lock of `worker` for as long as `run` runs; `held` says whether it has it just now.

    A worker without its lock must start no call to a provider: others may have taken over what it claimed.
    """

    def __init__(
        self,
        worker: int,
        *,
        connect: Callable[[str], Awaitable[Connection]],
        taken: Callable[[], object] = lambda: None,
        anywhere: bool = False,
    ) -> None:
        """`connect` opens a connection outside the pools for a purpose: `Database.direct`.

        `taken` is called each time the lock has become ours: what waits for it may begin. Where another database
        stands in place of the one that it was taken in first, such as a restored dump, it is taken no more: only a
        start looks at what that is. `anywhere` takes it all the same.
        """
        self.worker = worker
        self._connect = connect
        self._taken = taken
        self._connection: Connection | None = None
        self._anywhere = anywhere
        self._place: int | None = None
        self._told = False
        self._held = False
        self._lost = asyncio.Event()

    @property
    def held(self) -> bool:
        """Whether the lock is ours, as far as this side of the connection knows."""
        return self._held and self._connection is not None and not self._connection.is_closed()

    async def acquire(self) -> None:
        """Take the lock. Raises what the connection raises when the database is away.

        Nobody else draws this worker's number: where a connection has the lock, it is an old one of
        ours that the server has not found out to be dead. It is ended.
        """
        self._connection = await self._connect("worker")
        self._connection.add_termination_listener(lambda _: self._lost.set())
        await self._stay(self._connection)
        if not await self._connection.fetchval(_TAKE, WORKER_LOCKS, self.worker):
            await self._connection.execute(_END_OLD, WORKER_LOCKS, self.worker)
            await self._connection.execute("SELECT pg_advisory_lock($1, $2)", WORKER_LOCKS, self.worker)
        self._held = True
        self._taken()

    async def _stay(self, connection: Connection) -> None:
        here = await connection.fetchval(_HERE)
        if self._place is None or self._anywhere:
            self._place = here
        if here == self._place:
            return
        if not self._told:
            log.critical("another database stands in place of ours: nobody is paged until OpsKnight is restarted")
            self._told = True
        raise ConnectionError("another database stands in place of ours")

    async def release(self) -> None:
        """Give the lock back; what this worker still holds is free for others then."""
        self._held = False
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=_PING_WITHIN_S)

    async def run(self) -> None:
        """Hold the lock until cancelled; take it again whenever its connection is lost."""
        try:
            while True:
                self._lost.clear()
                await self._keep()
                await self._rest()
        finally:
            await self.release()

    async def _rest(self) -> None:
        """Wait for the next ping, or until the connection is seen to be lost: each moment without the lock is late."""
        if not self._held:
            await asyncio.sleep(_AGAIN_S)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PING_EVERY_S):
                await self._lost.wait()

    async def _keep(self) -> None:
        try:
            if self._connection is None or not self.held:
                await self.acquire()
            else:
                await self._connection.execute("SELECT 1", timeout=_PING_WITHIN_S)
        except Exception as error:  # noqa: BLE001  # without its lock a worker pages nobody: nothing may end this
            if self._held:
                log.warning("the worker's lock is lost; taking it again", error=repr(error))
            self._held = False
            if self._connection is not None:
                self._connection.terminate()
