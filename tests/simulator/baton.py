"""One statement at a time, in the order in which they were asked for, so that a seed repeats a run.

Who waits for a row's lock lets the others go on, and is waited for when the lock may be free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_S = 0.004


class Baton:
    """Held by who speaks with the database. `is_at_work` says whether a backend does anything but wait for a lock."""

    def __init__(self, is_at_work: Callable[[], Awaitable[bool]]) -> None:
        self._is_at_work = is_at_work
        self._turn = asyncio.Lock()
        self.blocked: set[asyncio.Task[object]] = set()

    async def carry(self, work: Awaitable[T]) -> T:
        """Do `work` when it is its turn."""
        await self._turn.acquire()
        task = asyncio.ensure_future(work)  # noqa: TID251
        try:
            await self._done_or_blocked(task)
            await self._those_freed()
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        finally:
            self._turn.release()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        finally:
            self.blocked.discard(task)

    async def _done_or_blocked(self, task: asyncio.Task[T]) -> None:
        looks = 0
        while not task.done():
            _, pending = await asyncio.wait([task], timeout=LOOK_S)
            looks = 0 if not pending or await self._is_at_work() else looks + 1
            if pending and looks == 2:
                self.blocked.add(task)  # type: ignore[arg-type]
                return

    async def _those_freed(self) -> None:
        """Let those go on at once whose lock is free now."""
        while waiting := [task for task in self.blocked if not task.done()]:
            done, _ = await asyncio.wait(waiting, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            if not done and not await self._is_at_work():
                return
