"""The door of ingest: at most so many requests inside, the rest wait in line unparsed.

Work per turn of the loop stays bounded, so boards and pages keep their pace under any storm.
"""

from __future__ import annotations

import asyncio

from opsknight.errors import Unavailable

INSIDE = 128
IN_LINE = 8192
HOLD_S = 0.5
"""A refusal at once makes senders hammer: it comes after this long."""
PATIENCE_S = 2.0


class Gate:
    """First come, first served."""

    def __init__(self) -> None:
        """Begin with every place free."""
        self._places = asyncio.Semaphore(INSIDE)
        self._in_line = 0

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

    async def _wait(self) -> None:
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
