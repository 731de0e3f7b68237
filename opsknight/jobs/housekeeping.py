"""Housekeeping by APScheduler: what may be late without harm. It never owns a page.

Every body is idempotent and runs under an advisory lock on a connection of its own, so that of
several processes one does it. What tells people something waits where a restored copy is not armed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from opsknight import metrics, readiness
from opsknight.deps import Deps
from opsknight.domain.commands import (
    audits,
    devices,
    drills,
    fitness,
    foretelling,
    misses,
    recorded_shifts,
    retention,
    shift_swaps,
    watchers,
    weekly_drills,
)
from opsknight.domain.queries.restored import is_armed
from opsknight.jobs import calendars, pushover_receipts, vouch
from opsknight.jobs.channels.channel import Ground
from opsknight.jobs.channels.pushover import PushoverSettings

log = structlog.get_logger(__name__)

LOCK_CLASS = 0x0B6
AUDIT_EVERY_S = 10
TIDY_EVERY_S = 300
PARTITIONS_EVERY_S = 6 * 3600
SHIFTS_EVERY_S = 300
ANNOUNCE_EVERY_S = 60
GAPS_EVERY_S = 900
DEVICES_EVERY_S = 3600
CANARIES_EVERY_S = 60
VOUCH_EVERY_S = 30
WATCHERS_EVERY_S = 10
DRILLS_EVERY_S = 15
READINESS_EVERY_S = 300
CALENDARS_EVERY_S = 60
"""How often it is asked which imported calendars are due."""


class Housekeeping:
    """Schedules the jobs. `partitions` makes the coming months' partitions; None where another process may."""

    def __init__(self, deps: Deps, *, partitions: Callable[[], Awaitable[object]] | None) -> None:
        """Prepare the scheduler."""
        self._deps = deps
        self._partitions = partitions
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def start(self) -> None:
        """Begin; the first audit runs at once."""
        self._scheduler.add_job(self._every(AUDIT_EVERY_S, 1, self.audit), id="first audit")
        self._every(TIDY_EVERY_S, 2, self.tidy)
        self._every(SHIFTS_EVERY_S, 12, self.shifts)
        self._every(CALENDARS_EVERY_S, 15, self.calendars)
        self._every(ANNOUNCE_EVERY_S, 17, self.announce, tells=True)
        self._every(GAPS_EVERY_S, 18, self.gaps, tells=True)
        self._every(DEVICES_EVERY_S, 42, self.devices, tells=True)
        self._scheduler.add_job(self._every(CANARIES_EVERY_S, 31, self.canaries, tells=True), id="first canary")
        self._every(DRILLS_EVERY_S, 51, self.drills, tells=True)
        self._every(READINESS_EVERY_S, 52, self.readiness, tells=True)
        self._every(VOUCH_EVERY_S, 32, self.vouch)
        pushover = Ground(self._deps.settings, "", self._deps.clock.now).read(PushoverSettings)
        if pushover.token:
            asking = pushover_receipts.PushoverReceipts(self._deps, pushover)
            self._every(pushover_receipts.EVERY_S, 41, asking.ask)
        self._every(WATCHERS_EVERY_S, 19, self.watchers, tells=True)
        if self._partitions is not None:
            self._every(PARTITIONS_EVERY_S, 3, self._partitions)
        self._scheduler.start()

    def stop(self) -> None:
        """Start no job any more; one that runs ends with its connection."""
        self._scheduler.shutdown(wait=False)

    async def audit(self) -> None:
        """Mend what contradicts invariant I2, and count it: every count is a mistake of ours to find."""
        async with self._deps.engine_commands("auditor:i2") as uow:
            mended = [*await misses.repair(uow), *await audits.repair(uow)]
        for kind in mended:
            metrics.REPAIRS.labels(kind).inc()
        if mended:
            log.error("the auditor mended timers", count=len(mended), kinds=sorted(set(mended)))

    async def tidy(self) -> None:
        """Remove what is kept no longer, in short steps."""
        spent = retention.STEP
        while spent == retention.STEP:
            async with self._deps.engine_commands("housekeeping:tidy") as uow:
                spent = await retention.remove_spent(uow)
        kept = timedelta(days=self._deps.settings.retention_days)
        for table in ("events", "deliveries", "replays", "changes"):
            removed = retention.STEP
            while removed == retention.STEP:
                async with self._deps.engine_commands("housekeeping:retention") as uow:
                    removed = await retention.remove_raw(uow, table, older_than=kept)

    async def shifts(self) -> None:
        """Record who was on call, and end offers of shifts that nobody took."""
        until, recorded = self._deps.clock.now(), recorded_shifts.STEP
        while recorded == recorded_shifts.STEP:
            async with self._deps.engine_commands("housekeeping:shifts") as uow:
                recorded = await recorded_shifts.record_shifts(uow, until)
        async with self._deps.engine_commands("housekeeping:shifts") as uow:
            await shift_swaps.expire(uow)

    async def announce(self) -> None:
        """Tell people that their shift begins."""
        after: int | None = 0
        while after is not None:
            async with self._deps.engine_commands("housekeeping:shifts") as uow:
                after = await foretelling.announce_shifts(
                    uow, after=after, unset=self._deps.unset, discreet=self._deps.settings.discreet
                )

    async def gaps(self) -> None:
        """Tell who answers for a schedule that nobody will be on call."""
        after: int | None = 0
        while after is not None:
            async with self._deps.engine_commands("housekeeping:gaps") as uow:
                after = await foretelling.warn_of_gaps(uow, after=after)

    async def drills(self) -> None:
        """Begin the drill of the week when its time comes; end those that are over, and tell who did not answer."""
        async with self._deps.engine_commands("housekeeping:drills") as uow:
            await weekly_drills.begin_weekly(uow)
        async with self._deps.engine_commands("housekeeping:drills") as uow:
            await drills.end(uow)

    async def readiness(self) -> None:
        """Tell who is on call soon and not ready for it, and after a day their lead."""
        async with self._deps.engine_commands("housekeeping:readiness") as uow:
            await fitness.tell(uow, readiness.ground(self._deps))

    async def canaries(self) -> None:
        """Send a page to nobody by each channel that has an address for it."""
        await vouch.release(self._deps)

    async def vouch(self) -> None:
        """Tell the watcher outside that pages go out, while they do."""
        await vouch.vouch(self._deps)

    async def watchers(self) -> None:
        """Tell those who watch incidents what became of them."""
        told = watchers.STEP
        while told == watchers.STEP:
            async with self._deps.engine_commands("housekeeping:watchers") as uow:
                told = await watchers.tell(uow)

    async def devices(self) -> None:
        """Tell people of devices that are silent, and ask those that were quiet for long whether they are there."""
        for look in (devices.tell_of_the_silent, devices.ask):
            done = devices.STEP
            while done == devices.STEP:
                async with self._deps.engine_commands("housekeeping:devices") as uow:
                    done = await look(uow)

    async def calendars(self) -> None:
        """Read again the imported calendars that are due."""
        await calendars.refresh(self._deps)

    async def _is_armed(self) -> bool:
        async with self._deps.database.health() as session:
            return await is_armed(session)

    def _every(
        self, seconds: int, number: int, body: Callable[[], Awaitable[object]], *, tells: bool = False
    ) -> Callable[[], Awaitable[None]]:
        """Schedule `body`, and return it as it is run: by one process, and never raising.

        One that `tells` people something is left out while a restored copy is not armed.
        """

        async def alone() -> None:
            connection = await self._deps.database.direct("housekeeping")
            try:
                if tells and not await self._is_armed():
                    return
                if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCK_CLASS, number):
                    await body()
            finally:
                connection.terminate()

        async def safely() -> None:
            try:
                await alone()
            except Exception as error:  # noqa: BLE001  # the next run tries again
                log.warning("housekeeping failed", job=number, again_in_s=seconds, error=repr(error))

        self._scheduler.add_job(safely, IntervalTrigger(seconds=seconds), id=str(number))
        return safely
