"""What reports in time, mostly: each heartbeat's pings, and now and then hours of silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from opsknight.deps import busy, retryable
from opsknight.domain.commands.beating import actor_of
from opsknight.domain.commands.pings import Ping, hear
from opsknight.domain.model.heartbeat import Signal
from tests.simulator.quiet import Heart

if TYPE_CHECKING:
    from tests.simulator.host import Host
    from tests.simulator.simulation import Simulation


@dataclass(slots=True)
class Hearts:
    """The heartbeats of a run."""

    run: Simulation
    chance: Random

    def plan(self, start_at: datetime, end_at: datetime) -> None:
        """Put every ping of the run on the agenda: a little early each, and one in eight hours late."""
        for heart in self.run.world.hearts:
            at = start_at + timedelta(minutes=self.chance.uniform(0, 60))
            while at < end_at:
                self.run.at(at, lambda host, heart=heart: self._ping(host, heart), again=True)  # type: ignore[misc]
                at += heart.period - timedelta(minutes=self.chance.uniform(0, 9))
                if self.chance.random() < 0.125:
                    at += timedelta(hours=self.chance.uniform(0.5, 9))

    async def _ping(self, host: Host, heart: Heart) -> None:
        try:
            async with host.deps.commands(actor_of(heart.id)) as uow:
                await hear(uow, heart.id, Ping(Signal.SUCCESS))
        except Exception as error:
            if not (retryable(error) or busy(error)):
                raise
            self.run.at_in(self.chance.uniform(1, 5), lambda to: self._ping(to, heart))
