"""One process of the product: its real engine, sender, ingest lane and lock, taken through their turns one by one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from opsknight.deps import Deps
from opsknight.jobs import engine
from opsknight.jobs.channels.table import Lane
from opsknight.jobs.deliver import Deliverer
from opsknight.jobs.engine import Engine
from opsknight.jobs.expire import Expirer
from opsknight.jobs.housekeeping import Housekeeping
from opsknight.jobs.rest import Rest
from opsknight.jobs.wake import Waker
from opsknight.jobs.worker import Worker
from opsknight.settings import Settings
from tests.simulator.faults import Deadlock, Strike
from tests.simulator.shaky import Moment, ShakyDatabase
from tests.simulator.timeline import HostClock, Timeline

if TYPE_CHECKING:
    from tests.simulator.simulation import Simulation

CHANNELS = ("email", "push")
WIDTH = 32
LISTENS_EVERY_S = 14.0
"""How often it sweeps for silent alerts while one is about to end; longer pauses would mean that it was away."""


class HostDeps(Deps):
    """The product's, where the database's own clock is the run's."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(Settings(base_url="http://localhost:8080"), HostClock(timeline))
        self._timeline = timeline
        self.database_is_off_by = timedelta()

    async def sample_clock(self) -> None:
        self.clock.sample(self._timeline.at + self.database_is_off_by, self.clock.monotonic())


@dataclass(slots=True)
class Loop:
    """One of the loops of a process: what it does in a turn, and when it will look again."""

    name: str
    turn: Callable[[], Awaitable[Rest]]
    woken: asyncio.Event
    sweeps_every_s: float
    looks_at: datetime
    must_look: bool = False
    task: asyncio.Task[Any] | None = None

    @property
    def is_busy(self) -> bool:
        return self.task is not None and not self.task.done()

    def looks_after(self, at: datetime) -> datetime:
        """Return its first sweep from `at` on."""
        if at <= self.looks_at:
            return self.looks_at
        missed = math.ceil((at - self.looks_at).total_seconds() / self.sweeps_every_s)
        return self.looks_at + timedelta(seconds=missed * self.sweeps_every_s)


class Host:
    """A process. It is `calm` while it starts: what strikes it then only makes it start again."""

    def __init__(self, run: Simulation, number: int) -> None:
        self.run = run
        self.number = number
        self.baton = run.baton
        self.is_alive = True
        self.calm = True
        self.tasks: set[asyncio.Task[Any]] = set()
        self.deps = HostDeps(run.timeline)
        self.lane_turn = asyncio.Lock()
        self.never = asyncio.Event()

    async def start(self) -> None:
        """Connect, take the lock, and look at everything at once."""
        deps = self.deps
        await deps.open(ShakyDatabase(self.run.addresses.app_dsn, self))
        self.worker = Worker(deps)
        await self.worker.lock.acquire()
        self.engine = Engine(deps, self.worker)
        lanes = {slug: Lane(slug, WIDTH, self.run.provider(slug, self)) for slug in CHANNELS}
        self.sender = Deliverer(deps, self.worker, lanes)
        deps.workers += [self.engine.wake, self.sender.wake]
        deps.on_due = self.engine.wake
        deps.tell_others = lambda: self.run.tell_others(self)
        self.housekeeping = Housekeeping(deps, partitions=None)
        self.sweepers = {"waking": (Waker(deps), 1.0), "expiring": (Expirer(deps), LISTENS_EVERY_S)}
        now = self.run.timeline.at
        self.loops = [Loop("timers", self.engine.turn, self.engine._woken, engine.SWEEP_S, now)]
        self.loops += [
            Loop(lane.slug, lambda lane=lane: lane.turn(self), lane._woken, 1.0, now)  # type: ignore[misc]
            for lane in self.sender.lanes
        ]
        self.loops += [
            Loop(name, lambda name=name: self._sweep(name), asyncio.Event(), every_s, now)  # type: ignore[misc]
            for name, (_, every_s) in self.sweepers.items()
        ]
        for loop in self.loops:
            loop.must_look = True
        await self.worker.free()
        self.calm = False

    def create_task(self, work: Coroutine[Any, Any, Any], *, name: str = "") -> asyncio.Task[Any]:
        """Run something of this process; it ends with it. So a lane sees it as the group of its calls."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        self.run.joined(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        self.run.over(task)

    async def take_turn(self, loop: Loop) -> None:
        """Do what the process's loop does when it looks."""
        loop.woken.clear()
        rest = await loop.turn()
        loop.looks_at = self.run.timeline.at + timedelta(seconds=rest.at_most_s)
        loop.must_look = rest.unless is self.worker.back
        if rest.at_most_s == 0:
            loop.woken.set()

    async def _sweep(self, name: str) -> Rest:
        sweeper, every_s = self.sweepers[name]
        rest_s = await sweeper.turn()
        return Rest(self.never, every_s if rest_s else 0.0)

    async def strike(self, moment: Moment) -> None:
        """Do what fate has in store for this moment."""
        self._check()
        if self.calm:
            return
        fate, now = self.run.fate, self.run.timeline.at
        match fate.draw(moment):
            case None:
                return
            case Strike.LOST:
                fate.note(Strike.LOST, now)
                raise ConnectionResetError(Strike.LOST.value)
            case Strike.DEADLOCK:
                fate.note(Strike.DEADLOCK, now)
                raise Deadlock
            case Strike.KILL:
                await self.die()
            case Strike.SHORT_STALL:
                await self._stall(Strike.SHORT_STALL, fate.chance.uniform(0.05, 0.9))
            case Strike.LONG_STALL:
                await self._stall(Strike.LONG_STALL, fate.chance.uniform(5, 45))
            case Strike.IDLE:
                await self._stall(Strike.IDLE, 10)
                raise ConnectionResetError(Strike.IDLE.value)
        self._check()

    def forget_wakes(self) -> None:
        """Have its loops not hear what they were just told; only their sweeps find it."""
        for loop in () if self.calm else self.loops:
            loop.woken.clear()

    def committed_now(self, xid: int) -> None:
        self.run.committed_at[xid] = self.run.timeline.at

    async def die(self) -> None:
        """End as by kill −9, in the middle of everything. Raises CancelledError in who calls it."""
        self.is_alive = False
        self.run.buried(self)
        for task in [*self.tasks]:
            if task is not asyncio.current_task():
                task.cancel()
        await self.worker.lock.release()

    async def close(self) -> None:
        await self.worker.lock.release()
        await self.deps.close()

    def _check(self) -> None:
        if not self.is_alive:
            raise asyncio.CancelledError
        if self.run.is_away:
            raise ConnectionRefusedError("the database is away")

    async def _stall(self, what: Strike, seconds: float) -> None:
        now = self.run.timeline.at
        self.run.fate.note(what, now, now + timedelta(seconds=seconds))
        self.run.stalled += 1
        try:
            await self.run.timeline.sleep(seconds)
        finally:
            self.run.stalled -= 1
