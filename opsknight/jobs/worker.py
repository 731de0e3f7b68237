"""Who this process is to the others, and what it does for those that died.

What a worker claimed is free again as soon as its lock is gone, so a killed process delays nothing.
"""

from __future__ import annotations

import asyncio

import structlog

from opsknight.deps import Deps
from opsknight.domain.commands.claims import free_of_the_dead

log = structlog.get_logger(__name__)

FREE_EVERY_S = 1.0


class Worker:
    """A number for this boot and the lock that proves it lives."""

    def __init__(self, deps: Deps) -> None:
        """Draw a number; the lock comes with `run`."""
        self._deps = deps
        self.lock = deps.worker_lock(self._taken)
        self.back = asyncio.Event()
        """Set when the lock becomes ours: what waits for a database that is away may try at once."""
        self.id = self.lock.worker

    @property
    def holds_lock(self) -> bool:
        """Whether this worker may claim work and start calls."""
        return self.lock.held

    def _taken(self) -> None:
        self.back.set()
        self._deps.committed()

    async def run(self) -> None:
        """Hold the lock, and free what dead workers had claimed, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.lock.run())
            group.create_task(self._free())

    async def free(self) -> None:
        """Free once what dead workers had claimed; a database that is away is left for the next time."""
        try:
            async with self._deps.engine_commands("engine:claims") as uow:
                freed = await free_of_the_dead(uow)
            if freed:
                log.info("freed what dead workers had claimed", rows=freed)
                self._deps.committed()
        except Exception as error:  # noqa: BLE001  # looked at again in a second
            log.warning("dead workers could not be looked at", retry_after_s=FREE_EVERY_S, error=repr(error))

    async def _free(self) -> None:
        while True:
            await self.free()
            await asyncio.sleep(FREE_EVERY_S)
