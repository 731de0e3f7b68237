"""The door of ingest: at most so many requests inside, the rest wait in line unparsed.

Work per turn of the loop stays bounded, so boards and pages keep their pace under any storm.
"""

from __future__ import annotations

import asyncio
from collections import deque
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
        self._free = INSIDE
        self._line: deque[asyncio.Future[None]] = deque()
        self._receiving: dict[asyncio.Task[object], float] = {}
        self._turned_out: set[asyncio.Task[object]] = set()

    def enter_at_once(self) -> bool:
        """Take a place inside if one is free and nobody waits for it; say whether that was so."""
        if self._free <= 0 or self._line:
            return False
        self._free -= 1
        return True

    async def enter(self) -> None:
        """Take a place inside, in turn; give it back with `leave`, whatever happens.

        Raises:
            Unavailable: too many wait already, or none of the places came free in time.
        """
        if not self.enter_at_once():
            await self._wait()

    def leave(self) -> None:
        """Give the place to the next in line."""
        while self._line:
            next_one = self._line.popleft()
            if not next_one.done():
                next_one.set_result(None)
                return
        self._free += 1

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
        if len(self._line) >= IN_LINE:
            await asyncio.sleep(HOLD_S)
            raise refusal
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():  # it was given while we were told to go
                self.leave()
            if isinstance(error, TimeoutError):
                raise refusal from None
            raise
