"""Who sends with a key of an archived service: answered like an unknown one, and counted so that people see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import structlog

from opsknight.clock import Clock
from opsknight.domain.commands.archiving import Used

log = structlog.get_logger(__name__)

STORED_EVERY_S: Final = 10.0
"""How soon what was counted in memory is stored: no refusal writes anything by itself."""

Store: TypeAlias = Callable[[Sequence[Used]], Awaitable[None]]


class ArchivedKeys:
    """Counts what is refused because the service that it was for is archived."""

    def __init__(self, *, clock: Clock) -> None:
        """Begin with nothing counted."""
        self._clock = clock
        self._counted: dict[tuple[int, str], Used] = {}

    def count(self, service_id: int, source: str) -> None:
        """Count one refusal of what `source` ("integration:7") sent for an archived service."""
        self._add(Used(service_id, source, 1, self._clock.now()))

    async def run(self, store: Store) -> None:
        """Store what was counted now and then, for ever; while that is not possible it goes on being counted."""
        while True:
            await asyncio.sleep(STORED_EVERY_S)
            await self.store_counted(store)

    async def store_counted(self, store: Store) -> None:
        """Store what was counted since the last time."""
        counted, self._counted = list(self._counted.values()), {}
        if not counted:
            return
        try:
            await store(counted)
        except Exception as error:  # noqa: BLE001  # the database may be away
            log.warning("uses of archived keys could not be stored", again_in_s=STORED_EVERY_S, error=repr(error))
            for one in counted:
                self._add(one)

    def _add(self, used: Used) -> None:
        key = used.service_id, used.source
        before = self._counted.get(key)
        times = used.times + (before.times if before else 0)
        self._counted[key] = Used(*key, times, max(used.last_at, before.last_at) if before else used.last_at)
