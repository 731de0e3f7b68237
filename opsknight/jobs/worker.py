"""Who this process is to the others: a random number, held by a lock that dies with its connection.

What a worker claimed is free again as soon as its lock is gone, so a killed process delays nothing
and a worker that lost its connection knows that it may not start a call any more.
"""

from __future__ import annotations

import asyncio
import secrets

import structlog

from opsknight.deps import Deps
from opsknight.domain.commands.claims import free_of_the_dead

log = structlog.get_logger(__name__)

LOCK_CLASS = 0x0B5
"""First half of the advisory lock's key; the second is the worker's number."""
PROVE_EVERY_S = 1.0


class Worker:
    """Holds the lock; `id` changes with every boot."""

    def __init__(self, deps: Deps) -> None:
        self.id = secrets.randbelow(2**31 - 1) + 1
        self.holds_lock = False
        self._deps = deps

    async def run(self) -> None:
        """Take the lock and prove every second that it is held; take it anew when the connection is lost."""
        while True:
            try:
                await self._hold()
            except Exception as error:  # noqa: BLE001  # it is taken again
                log.warning("the worker lost its lock", retry_after_s=PROVE_EVERY_S, error=repr(error))
            finally:
                self.holds_lock = False
            await asyncio.sleep(PROVE_EVERY_S)

    async def _hold(self) -> None:
        connection = await self._deps.database.direct("worker")
        try:
            await connection.execute("SELECT pg_advisory_lock($1, $2)", LOCK_CLASS, self.id)
            self.holds_lock = True
            while True:
                await asyncio.sleep(PROVE_EVERY_S)
                await connection.execute("SELECT 1", timeout=5)
        finally:
            connection.terminate()
