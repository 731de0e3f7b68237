"""Ends the alerts that their monitor stopped repeating, once a second.

Silence counts only while we could have heard: after a start, and after the database was away, monitors
are given the time to repeat themselves first. Else an outage of ours would end what still fires, and
page everybody anew a minute later. Whether the process that takes events was away is asked of the
database, where it marks that it hears.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from opsknight.domain.commands import expiries
from opsknight.domain.queries.timers import next_due_at

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)

SWEEP_S: Final = 1.0
DEAF_AFTER_S: Final = 15.0
"""Longer between two sweeps means that we were away."""
LISTEN_S: Final = expiries.LISTEN.total_seconds()


class Expirer:
    """Sweeps for what is due."""

    def __init__(self, deps: Deps) -> None:
        """Begin to listen."""
        self._deps = deps
        self._swept_at = self._listens_since = deps.clock.monotonic()

    async def run(self) -> None:
        """Sweep until the process stops; a database that is away is tried again with the next sweep."""
        while not self._deps.stopping.is_set():
            rest_s = await self.turn()
            await asyncio.sleep(rest_s)

    async def turn(self) -> float:
        """Sweep once; return after how many seconds to sweep again. It outlives every fault of the database."""
        try:
            ended = await self.sweep()
        except Exception as error:  # noqa: BLE001  # looked at again with the next sweep
            log.warning("expired alerts could not be ended", again_in_s=SWEEP_S, error=repr(error))
            return SWEEP_S
        return 0.0 if ended == expiries.STEP else SWEEP_S

    async def sweep(self) -> int:
        """End one step of what is due; return how many keys that were, 0 while silence does not count."""
        now = self._deps.clock.monotonic()
        if now - self._swept_at > DEAF_AFTER_S:
            self._listens_since = now
        if now - self._listens_since < LISTEN_S:
            async with self._deps.database.engine_reads() as session:
                await next_due_at(session)  # whatever it answers: it is there
            self._swept_at = now
            return 0
        async with self._deps.engine_commands("timer:alert_expiry") as uow:
            ended = await expiries.end_due(uow)
        self._swept_at = now
        return ended
