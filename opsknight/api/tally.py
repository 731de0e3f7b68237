"""What is counted in memory and stored now and then, so that no refusal writes anything by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

STORED_EVERY_S: Final = 10.0
"""How soon what was counted is stored, in seconds."""

One = TypeVar("One")
Store = Callable[[Sequence[One]], Awaitable[None]]


class Tally(Generic[One]):
    """Holds one entry for each key; what comes later of the same key is put together with it."""

    def __init__(self, what: str, *, key: Callable[[One], Hashable], together: Callable[[One, One], One]) -> None:
        """Begin with nothing counted; `what` names it in the log."""
        self._what = what
        self._key = key
        self._together = together
        self._counted: dict[Hashable, One] = {}

    def add(self, one: One) -> None:
        """Count it."""
        key = self._key(one)
        before = self._counted.get(key)
        self._counted[key] = one if before is None else self._together(before, one)

    async def run(self, store: Store[One]) -> None:
        """Store what was counted now and then, for ever; while that is not possible it goes on being counted."""
        while True:
            await asyncio.sleep(STORED_EVERY_S)
            await self.store_counted(store)

    async def store_counted(self, store: Store[One]) -> None:
        """Store what was counted since the last time."""
        counted, self._counted = list(self._counted.values()), {}
        if not counted:
            return
        try:
            await store(counted)
        except Exception as error:  # noqa: BLE001  # the database may be away
            log.warning("what was counted is not stored", what=self._what, again_in_s=STORED_EVERY_S, error=repr(error))
            for one in counted:
                self.add(one)
