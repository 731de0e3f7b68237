"""A run: the real product on virtual time. It goes from one instant at which something happens to the next."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, TypeAlias

from opsknight.domain.store.embedded_files import APP
from opsknight.domain.store.engine import Database, connect
from opsknight.domain.store.partitions import extend
from tests.bounds import WIDER
from tests.clusters import Addresses
from tests.simulator import looks
from tests.simulator.baton import Baton
from tests.simulator.faults import Deadlock, Fate
from tests.simulator.hearts import Hearts
from tests.simulator.host import CHANNELS, Host, Loop
from tests.simulator.oracle import Oracle
from tests.simulator.people import Monitors, People
from tests.simulator.provider import Provider, Providers
from tests.simulator.timeline import Timeline
from tests.simulator.world import STARTS, Builder, World

Act: TypeAlias = Callable[[Host], Awaitable[object]]

HOSTS = 2
UNTOLD = 0.2
"""How often nobody is told of a commit."""
LOOK_S = 0.004
"""How long to wait before looking whether those who are not done wait for somebody who sleeps."""
SETTLES = timedelta(minutes=3)
"""How long the run goes on without faults at its end."""
AUDITED_EVERY = timedelta(hours=8)

_AT_WORK = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock'
"""


class Simulation:
    """One seed's run of `days` for so many teams. `rate` scales the faults; 0 is a good year."""

    def __init__(self, addresses: Addresses, *, seed: int, teams: int, days: float, rate: float = 1.0) -> None:
        self.seed = seed
        self.addresses = addresses
        self.teams = teams
        start_at = self._chance("start").choice(STARTS)
        self.timeline = Timeline(start_at)
        self.end_at = start_at + timedelta(days=days)
        self.fate = Fate(self._chance("fate"), rate)
        self.hosts: list[Host] = []
        self.graveyard: list[Host] = []
        self.committed_at: dict[int, datetime] = {}
        self.errors: list[BaseException] = []
        self.away_until: datetime | None = None
        self.people = People(self, self._chance("people"))
        self.monitors = Monitors(self, self._chance("monitors"))
        self.providers = Providers(self.timeline, seed, self.people.paged)
        self.world = World()
        self.baton = Baton(self._is_at_work)
        self.turns = 0
        self.stalled = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._agenda: list[tuple[datetime, int, Act | None, Callable[[], Awaitable[object]] | bool]] = []
        self._numbers = count(1)
        self._looking = asyncio.Lock()
        random.seed(seed)  # the sender spreads its retries by chance
        self._order = self._chance("order")

    @property
    def is_away(self) -> bool:
        """Whether the database is away."""
        return self.away_until is not None and self.timeline.at < self.away_until

    async def run(self) -> None:
        """Build the world and live through it."""
        await self.begin()
        await self.live()

    async def live(self) -> None:
        """Go through all of it, and end at a quiet point with everything stopped."""
        try:
            await self._live(self.end_at)
            self.fate.rate, self.providers.in_a_good_mood = 0.0, True
            await self._live(self.end_at + SETTLES, settling=True)
            for host in self.hosts[:1]:
                await host.housekeeping.audit()
        finally:
            await self._end()
        if self.errors:
            raise ExceptionGroup("the product or the simulator made a mistake", [*map(_plain, self.errors)])

    def at(self, at: datetime, act: Act, *, again: bool = False) -> None:
        """Have some live host do `act` then; `again` also when it dies in the middle of it."""
        heapq.heappush(self._agenda, (at, next(self._numbers), act, again))

    def at_in(self, seconds: float, act: Act, *, again: bool = True) -> None:
        """The same, so long from now."""
        self.at(self.timeline.at + timedelta(seconds=seconds), act, again=again)

    def provider(self, channel: str, host: Host) -> Provider:
        """Return the provider of a channel, as `host` calls it."""
        return Provider(self.providers, channel, host.number)

    def tell_others(self, teller: Host) -> None:
        """Wake the other hosts, as NOTIFY does; now and then nobody hears it, nor the teller itself."""
        if self.fate.happens(UNTOLD):
            self.fate.note("nobody is told", self.timeline.at)
            asyncio.get_running_loop().call_soon(teller.forget_wakes)
            return
        for host in self.hosts:
            if host is not teller and host.is_alive and not host.calm:
                host.deps.heard()

    def buried(self, host: Host) -> None:
        """Take note that a host was killed; another starts soon, and those alive look after what it had claimed."""
        starts_in_s = self.fate.chance.uniform(0.3, 8)
        ends_at = self.timeline.at + timedelta(seconds=max(starts_in_s, 1.0))
        self.fate.note("a process is killed", self.timeline.at, ends_at)
        self.hosts.remove(host)
        self.graveyard.append(host)
        self._later(starts_in_s, self._start_host)
        for seconds in (1.0, 16.0, 17.0):
            self.at_in(seconds, lambda other: other.worker.free())

    def over(self, task: asyncio.Task[Any]) -> None:
        """Take note that a task has ended, and how."""
        self._tasks.discard(task)
        self.timeline.stirred.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.errors.append(error)

    # --- from its beginning to its end -----------------------------------------------------------------------------

    async def begin(self) -> None:
        """Build the world, put what will happen on the agenda, and start the hosts."""
        owner = await connect(self.addresses.owner_dsn, purpose="simulator")
        await extend(owner, now=self.timeline.at, app_role=APP, months=3)
        await owner.close()
        self._eye = await connect(self.addresses.admin_dsn, purpose="simulator")
        database = Database(self.addresses.app_dsn, patience=WIDER)
        builder = Builder(database, self._chance("world"), start_at=self.timeline.at)
        self.world = await builder.build(self.teams)
        await database.close()
        await self._eye.execute("ANALYZE")
        self.oracle = Oracle(self.world, self.end_at + SETTLES)
        self.people.ids = {row["name"]: row["id"] for row in await self._eye.fetch("SELECT id, name FROM users")}
        self.monitors.plan(self.world, self.timeline.at, self.end_at)
        Hearts(self, self._chance("hearts")).plan(self.timeline.at, self.end_at)
        if self.fate.rate:
            self.providers.plan(CHANNELS, self.timeline.at, self.end_at)
        else:
            self.providers.in_a_good_mood = True
        self._plan_events()
        for _ in range(HOSTS):
            await self._start_host()

    def _plan_events(self) -> None:
        chance = self._chance("events")
        for begins_at, ends_at in self.fate.outages(self.timeline.at, self.end_at):
            self._then(begins_at, lambda until=ends_at: self._take_database_away(until))  # type: ignore[misc]
            self._then(ends_at, self._give_database_back)
        for person in self.world.people.values():
            if chance.random() < 0.06 and person.id not in self.world.admins:
                left_at = self.timeline.at + (self.end_at - self.timeline.at) * chance.random()
                self._then(left_at, lambda who=person: self._let_go(who))  # type: ignore[misc]
        at = self.timeline.at
        while (at := at + AUDITED_EVERY) < self.end_at:
            self.at(at, _audit)
        while self.fate.rate and (at := at - timedelta(hours=chance.expovariate(1 / 30))) > self.timeline.at:
            self.at(at, chance.choice((self._lose_lock, self._jump)))

    async def _end(self) -> None:
        for host in [*self.hosts, *self.graveyard]:
            for task in [*host.tasks]:
                task.cancel()
        await asyncio.sleep(0)
        while self._tasks:
            await asyncio.wait([*self._tasks])
        for host in [*self.hosts, *self.graveyard]:
            await host.close()

    async def close(self) -> None:
        """Stop looking."""
        await self.baton.close()
        await self._eye.close()

    async def rows(self, sql: str, *values: object) -> list[Any]:
        """Return what `sql` finds, as a superuser."""
        async with self._looking:
            return [*await self._eye.fetch(sql, *values)]

    # --- going on ----------------------------------------------------------------------------------------------------

    async def _live(self, end_at: datetime, *, settling: bool = False) -> None:
        while True:
            await self._quiet()
            if self.errors:
                return
            at, begin = await self._next(settling=settling)
            if at is None or at > end_at:
                self.timeline.go_to(end_at)
                return
            self.timeline.go_to(at)
            if begin is not None:
                begin()

    async def _quiet(self) -> None:
        """Return when everybody is done or asleep; or waits for somebody who sleeps."""
        idle = 0
        while self._tasks - self.timeline.asleep and idle < 2:
            self.timeline.stirred.clear()
            try:
                async with asyncio.timeout(LOOK_S if self.stalled else None):
                    await self.timeline.stirred.wait()
                idle = 0
            except TimeoutError:
                idle = 0 if await self._is_at_work() else idle + 1
        for host in [host for host in self.graveyard if not host.tasks]:
            self.graveyard.remove(host)
            await host.close()

    async def _is_at_work(self) -> bool:
        async with self._looking:
            return bool(await self._eye.fetchval(_AT_WORK))

    async def _next(self, *, settling: bool) -> tuple[datetime | None, Callable[[], object] | None]:
        """Return the next instant at which something happens, and how it begins."""
        choices: list[tuple[datetime, float, Callable[[], object] | None]] = []
        if self._agenda and not (settling and self._agenda[0][0] > self.end_at + SETTLES):
            choices.append((self._agenda[0][0], 0.0, self._do_next))
        if (wakes_at := self.timeline.next_at) is not None:
            choices.append((wakes_at, 0.1, None))
        async with self._looking:
            due = (await self._eye.fetch(looks.DUE))[0]
        for host in self.hosts:
            for loop in host.loops if not host.calm else ():
                looks_at = looks.looks_at(self, loop, due)
                if looks_at is not None and not loop.is_busy:
                    choices.append((looks_at, 0.2 + self._order.random(), self._turn(host, loop)))
        if not choices:
            return None, None
        at, _, begin = min(choices, key=lambda choice: choice[:2])
        return max(at, self.timeline.at), begin

    def _turn(self, host: Host, loop: Loop) -> Callable[[], object]:
        def begin() -> None:
            self.turns += 1
            loop.task = host.create_task(host.take_turn(loop), name=loop.name)
            for other in self.hosts:
                if other is not host and not other.calm and self.fate.happens(0.3):
                    same = next(one for one in other.loops if one.name == loop.name)
                    if not same.is_busy:
                        same.task = other.create_task(other.take_turn(same), name=same.name)

        return begin

    def _do_next(self) -> None:
        at, number, act, again = heapq.heappop(self._agenda)
        ready = [host for host in self.hosts if not host.calm]
        if act is None:
            task = asyncio.get_running_loop().create_task(again())
            self._tasks.add(task)
            task.add_done_callback(self.over)
            return
        if not ready or self.is_away:
            later = max(at, self.away_until or at) + timedelta(seconds=self._order.uniform(0.5, 5))
            heapq.heappush(self._agenda, (later, number, act, again))
            return
        host = self._order.choice(ready)

        async def do() -> None:
            try:
                await act(host)
            except asyncio.CancelledError:
                if again and not host.is_alive:
                    self.at_in(self._order.uniform(1, 8), act, again=True)
                raise

        host.create_task(do())

    def joined(self, task: asyncio.Task[Any]) -> None:
        """Take note of a task that time must wait for."""
        self._tasks.add(task)

    # --- what happens to the house -----------------------------------------------------------------------------------

    def _then(self, at: datetime, do: Callable[[], Awaitable[object]]) -> None:
        """Have something happen then that needs no host."""
        heapq.heappush(self._agenda, (at, next(self._numbers), None, do))

    def _later(self, seconds: float, do: Callable[[], Awaitable[object]]) -> None:
        self._then(self.timeline.at + timedelta(seconds=seconds), do)

    async def _start_host(self) -> None:
        host = Host(self, next(self._numbers))
        try:
            await host.start()
        except ConnectionRefusedError:
            await host.deps.close()
            self._later(1.0, self._start_host)
            return
        self.hosts.append(host)

    async def _take_database_away(self, until: datetime) -> None:
        self.away_until = until
        self.fate.note("the database is away", self.timeline.at, until + timedelta(seconds=1))

    async def _give_database_back(self) -> None:
        for host in self.hosts:
            for loop in host.loops if not host.calm else ():
                loop.must_look = True
                loop.looks_at = self.timeline.at + timedelta(seconds=self._order.uniform(0, 1))

    async def _let_go(self, person: Any) -> None:
        async with self._looking:
            await self._eye.execute("UPDATE users SET active = false WHERE id = $1", person.id)
        person.left_at = self.timeline.at

    async def _lose_lock(self, host: Host) -> None:
        """Have a worker lose its lock for a while, and others take over what it had claimed."""
        lasts_s = self._order.uniform(0.3, 25)
        self.fate.note("a worker's lock is lost", self.timeline.at, self.timeline.at + timedelta(seconds=lasts_s + 1))
        await host.worker.lock.release()
        self.at_in(1.0, lambda other: other.worker.free())
        self.at_in(lasts_s + 0.5, lambda other: other.worker.free())
        await self.timeline.sleep(lasts_s)
        if host.is_alive:
            await host.worker.lock.acquire()

    async def _jump(self, host: Host) -> None:
        """Have the wall clock of the database's machine jump: nothing may fire early or late."""
        hours = self._order.choice((1, -1, 24 * 3650))
        self.fate.note("the wall clock jumps", self.timeline.at)
        host.deps.database_is_off_by = timedelta(hours=hours)
        await host.deps.sample_clock()
        host.deps.database_is_off_by = timedelta()

    def _chance(self, what: str) -> Random:
        return Random(f"{what} {self.seed}")  # noqa: S311  # no secret


async def _audit(host: Host) -> None:
    """Do what housekeeping does: what fails is left for the next time."""
    try:
        await host.housekeeping.audit()
    except (OSError, Deadlock):
        return


def _plain(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(repr(error))
