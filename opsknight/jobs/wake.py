"""Wakes what no timer of its own does: for what was quiet only while something else was so.

Once a second: what an ended alert had kept quiet, what support hours make loud, and flapping that is over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from opsknight.domain.commands import waking

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)

SWEEP_S: Final = 1.0


class Waker:
    """Sweeps for what is due."""

    def __init__(self, deps: Deps) -> None:
        """Prepare; nothing is read before `run`."""
        self._deps = deps

    async def run(self) -> None:
        """Sweep until the process stops; a database that is away is tried again with the next sweep."""
        while not self._deps.stopping.is_set():
            rest_s = await self.turn()
            await asyncio.sleep(rest_s)

    async def turn(self) -> float:
        """Sweep once; return after how many seconds to sweep again. It outlives every fault of the database."""
        try:
            done = await self.sweep()
        except Exception as error:  # noqa: BLE001  # looked at again with the next sweep
            log.warning("what rests could not be looked at", again_in_s=SWEEP_S, error=repr(error))
            return SWEEP_S
        return 0.0 if done >= waking.STEP else SWEEP_S

    async def sweep(self) -> int:
        """Do one step of each kind that has something to do; return how much the fullest of them was."""
        async with self._deps.database.engine_reads() as session:
            due = await waking.due(session, now=self._deps.clock.now())
        most = 0
        for each in due:  # each in a unit of its own: one that fails holds up no other for long
            async with self._deps.engine_commands("timer:waking") as uow:
                most = max(most, await each(uow))
        return most
