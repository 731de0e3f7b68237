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
        self._blocked: set[asyncio.Event] = set()
        self._watches: set[asyncio.Task[None]] = set()

    async def carry(self, work: Awaitable[T]) -> T:
        """Do `work` when it is its turn."""
        await self._turn.acquire()
        done = asyncio.Event()
        watch = asyncio.get_running_loop().call_later(LOOK_S, self._watch, done)
        try:
            return await work
        finally:
            watch.cancel()
            done.set()
            if done in self._blocked:  # the turn is another's by now
                self._blocked.discard(done)
            else:
                try:
                    await self._those_freed()
                finally:
                    self._turn.release()

    async def close(self) -> None:
        """Return when nobody is looked after any more."""
        while self._watches:
            await asyncio.wait([*self._watches])

    def _watch(self, done: asyncio.Event) -> None:
        watch = asyncio.get_running_loop().create_task(self._pass_on(done))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _pass_on(self, done: asyncio.Event) -> None:
        """Give the turn to the next where whose it is waits for a lock: two looks say so."""
        looks = 0
        while not done.is_set() and looks < 2:
            looks = 0 if await self._is_at_work() else looks + 1
            if looks < 2:
                await _wait_a_little([done])
        if not done.is_set():
            self._blocked.add(done)
            self._turn.release()

    async def _those_freed(self) -> None:
        """Let those go on at once whose lock is free now."""
        while waiting := [one for one in self._blocked if not one.is_set()]:
            if not await _wait_a_little(waiting) and not await self._is_at_work():
                return


async def _wait_a_little(events: list[asyncio.Event]) -> bool:
    """Return whether one of `events` happened within a look."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]  # noqa: TID251
    done, pending = await asyncio.wait(waits, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    return bool(done)
