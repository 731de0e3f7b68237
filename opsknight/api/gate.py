"""The door of ingest: at most so many requests inside, the rest wait in line unparsed.

Work per turn of the loop stays bounded, so boards and pages keep their pace under any storm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from opsknight.errors import Unavailable

INSIDE = 128
IN_LINE = 8192
HOLD_S = 0.5
"""A refusal at once makes senders hammer: it comes after this long."""
PATIENCE_S = 2.0
BODY_WITHIN_S = 20.0
"""Who takes longer to send a body loses the place as soon as somebody else needs it."""


class Gate:
    """First come, first served; who comes in and then says nothing is turned out when others wait.

    `monotonic` tells seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Begin with every place free."""
        self._monotonic = monotonic
        self._places = asyncio.Semaphore(INSIDE)
        self._in_line = 0
        self._receiving: dict[asyncio.Task[object], float] = {}
        self._turned_out: set[asyncio.Task[object]] = set()

    async def enter(self) -> None:
        """Take a place inside; give it back with `leave`, whatever happens.

        Raises:
            Unavailable: too many wait already, or none of the places came free in time.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()

    def leave(self) -> None:
        """Give the place to the next in line."""
        self._places.release()

    def receive(self) -> asyncio.Task[object]:
        """Note that the present request waits for its body now; hand what is returned to `received`."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered in a task")
        self._receiving[task] = self._monotonic()
        return task

    def received(self, task: asyncio.Task[object]) -> None:
        """Note that it waits no more."""
        self._receiving.pop(task, None)

    def turn_out(self) -> None:
        """End the requests whose body does not come."""
        before = self._monotonic() - BODY_WITHIN_S
        for task, since in list(self._receiving.items()):
            if since >= before:
                return  # they stand in order of time
            self._turned_out.add(task)
            self.received(task)
            task.cancel()

    def was_turned_out(self) -> bool:
        """Say whether the present request was ended by `turn_out`; if so, it may go on to answer."""
        task = asyncio.current_task()
        if task is None or task not in self._turned_out:
            return False
        self._turned_out.discard(task)
        task.uncancel()
        return True

    async def _wait(self) -> None:
        self.turn_out()
        refusal = Unavailable("Too many events arrive at once. Send this one again.", retry_after_s=1)
        if self._in_line >= IN_LINE:
            await asyncio.sleep(HOLD_S)
            raise refusal
        self._in_line += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._places.acquire()
        except TimeoutError:
            raise refusal from None
        finally:
            self._in_line -= 1
