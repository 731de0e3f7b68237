"""The hub: reads the ledger past its cursor, at most ten times a second, and tells every board.

One reader a process. Several changes of one incident fold into one line; a tick carries the newest
lines first and leaves the rest for the next. A beat follows every second in which the feed could be
read: a screen that hears none knows that its picture ages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import structlog

from opsknight import metrics
from opsknight.clock import Clock
from opsknight.domain.queries.feed import AT_ONCE, Cursor, Entry

log = structlog.get_logger(__name__)

TICK_S = 0.1
BUSY_TICK_S = 0.25
"""The tick under load: fewer, fuller frames."""
BEAT_S = 1.0
GATHER_S = 0.01
"""After a rest, how long the first change waits for what was committed with it."""
HELD_BACK_S = 0.05
"""How soon to look again while an open transaction holds facts back."""
HELD_TOO_LONG_S = 2.0
OLDEST_NEWS = timedelta(hours=1)
"""How much older than the last reading a fact may say it is; it spares the reading of old partitions."""
LINES_A_TICK = 60
READS_A_LOOK = 5
"""A feed that has more to give than one reading takes is read on at once, so often at most."""
SUMMARY_SHARE = 0.1
"""Counting the whole board takes no more of the time than this; boards hear the last count, if not every one."""
BACKLOG = 600
"""More changed incidents than this wait: boards are told to read anew instead, at most every five seconds."""

Line: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Tick:
    """What changed between the revisions `base` and `rev`: lines to put, ids to remove, the whole board's counts.

    `summary` is empty where the board was not counted this time; the counts follow then.
    """

    base: str
    rev: str
    now: float
    lines: Sequence[Line]
    removed: Sequence[str]
    summary: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Beat:
    """The feed was read at `now` and holds nothing past `rev`."""

    now: float
    rev: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How the hub reads: each function opens its own short read."""

    start: Callable[[], Awaitable[Cursor]]
    feed: Callable[[Cursor, datetime], Awaitable[Sequence[Entry]]]
    lines: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Line]]]
    summary: Callable[[], Awaitable[Mapping[str, object]]]


@dataclass(slots=True, eq=False)
class _Subscriber:
    queue: asyncio.Queue[Tick | Beat] = field(default_factory=lambda: asyncio.Queue(maxsize=100))


class Hub:
    """Owns the cursor. `watch` adds a callback that gets every new entry, for caches and workers.

    `is_heard` says whether any of the subscribers has somebody to tell; while none has, no line is read.
    """

    def __init__(self, reading: Reading, *, clock: Clock) -> None:
        """Prepare; `run` reads."""
        self._reading = reading
        self._clock = clock
        self._cursor = Cursor("", 0, 0)
        self._told = self._cursor
        self._changed: dict[UUID, None] = {}
        self._woken = asyncio.Event()
        self._subscribers: set[_Subscriber] = set()
        self._watchers: list[Callable[[Sequence[Entry]], object]] = []
        self._held_since: float | None = None
        self._gap_at = -10.0
        self._told_at = -10.0
        self._tell_from = -10.0
        self._count_at: float | None = None
        self._counted_at = -10.0
        self._count_took_s = 0.0
        self.read_at: float | None = None
        self.is_heard: Callable[[], bool] = lambda: True

    @property
    def rev(self) -> str:
        """The revision that boards have been sent; facts that change no line do not move it."""
        return str(self._told)

    @property
    def lag_s(self) -> float | None:
        """Seconds since the feed was last read, None before the first time."""
        return None if self.read_at is None else self._clock.monotonic() - self.read_at

    def wake(self) -> None:
        """Look soon: something was committed."""
        self._woken.set()

    def watch(self, callback: Callable[[Sequence[Entry]], object]) -> None:
        """Call `callback` with the new entries of every read."""
        self._watchers.append(callback)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Tick | Beat]]:
        """Give an iterator over the ticks and beats from now on.

        A subscriber that falls a hundred behind loses the oldest; the gap in `base` tells it.
        """
        subscriber = _Subscriber()
        self._subscribers.add(subscriber)
        try:
            async with aclosing(_drain(subscriber)) as ticks:
                yield ticks
        finally:
            self._subscribers.discard(subscriber)

    async def run(self) -> None:
        """Read and tell, for ever. A database that is away is tried again every second."""
        beat_due = self._clock.monotonic()
        started = False
        while True:
            try:
                if not started:
                    self._cursor, started = await self._reading.start(), True
                    self._told = self._cursor
                await self._look()
                if self._clock.monotonic() >= beat_due:
                    self._publish(Beat(now=self._clock.now().timestamp(), rev=self.rev))
                    beat_due = self._clock.monotonic() + BEAT_S
            except Exception as error:  # noqa: BLE001  # the feed must come back whatever went wrong
                log.warning("change feed lost", retry_after_s=1.0, error=repr(error))
                await asyncio.sleep(1.0)
                continue
            await self._rest(beat_due)

    async def _rest(self, beat_due: float) -> None:
        """Wait for the next tick, or for a wake or the next beat when nothing is left to say."""
        if self._held_since is not None:
            await asyncio.sleep(HELD_BACK_S)
            return
        if self._changed:
            await asyncio.sleep(max(GATHER_S, self._tell_from - self._clock.monotonic()))
            return
        until = beat_due if self._count_at is None else min(beat_due, max(self._count_at, self._tell_from))
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                await self._woken.wait()
        except TimeoutError:
            return
        await asyncio.sleep(max(GATHER_S, self._tell_from - self._clock.monotonic()))

    async def _look(self) -> None:
        """Read the feed once, and publish what came when it is time for a tick."""
        self._woken.clear()
        for _ in range(READS_A_LOOK):
            if await self._read() < AT_ONCE:
                break
        now = self._clock.monotonic()
        if not self._subscribers or not self.is_heard():
            self._changed.clear()
            self._told, self._count_at = self._cursor, None
            self._tell_from = now + TICK_S  # caches are told no oftener than boards would be
        elif now >= self._tell_from and (self._changed or (self._count_at is not None and now >= self._count_at)):
            changed, since_s = len(self._changed), max(TICK_S, now - self._told_at)
            await self._tell()
            is_busy = bool(self._changed) or changed > LINES_A_TICK * min(1.0, since_s / BUSY_TICK_S)
            self._tell_from = self._told_at + (BUSY_TICK_S if is_busy else TICK_S)

    async def _read(self) -> int:
        """Read the feed on, note what changed, and return how many facts that were."""
        unread = timedelta(seconds=self.lag_s or 0)
        entries = await self._reading.feed(self._cursor, self._clock.now() - OLDEST_NEWS - unread)
        self.read_at = self._clock.monotonic()
        settled = [entry for entry in entries if entry.settled]
        self._watch_held(len(settled) < len(entries), entries)
        if settled:
            self._cursor = settled[-1].cursor(self._cursor.epoch)
            for watcher in self._watchers:
                watcher(settled)
        for entry in settled:
            if entry.incident_id is not None:
                self._changed.pop(entry.incident_id, None)
                self._changed[entry.incident_id] = None
        return len(settled)

    async def _count(self, *, changed: bool) -> Mapping[str, object]:
        """Return the whole board's counts, or nothing where they must wait for their share of the time."""
        now = self._clock.monotonic()
        due_at = self._counted_at + self._count_took_s / SUMMARY_SHARE
        if now < due_at:
            self._count_at = max(due_at, now + TICK_S) if changed else self._count_at
            return {}
        self._count_at = None
        summary = await self._reading.summary()
        self._counted_at = now
        self._count_took_s = self._clock.monotonic() - now
        return summary

    async def _tell(self) -> None:
        base, self._told_at = self.rev, self._clock.monotonic()
        if len(self._changed) > BACKLOG and self._clock.monotonic() - self._gap_at >= 5.0:
            self._gap_at = self._clock.monotonic()
            self._changed.clear()
            base = "gap"
        newest = list(reversed(self._changed))[:LINES_A_TICK]
        lines = await self._reading.lines(newest) if newest else {}
        summary = await self._count(changed=bool(newest) or base == "gap")
        for incident_id in newest:  # only now: what could not be read is told by the next tick
            self._changed.pop(incident_id, None)
        self._told = self._cursor
        removed = [str(incident_id) for incident_id in newest if incident_id not in lines]
        self._publish(
            Tick(
                base=base,
                rev=self.rev,
                now=self._clock.now().timestamp(),
                lines=[lines[incident_id] for incident_id in newest if incident_id in lines],
                removed=removed,
                summary=summary,
            )
        )

    def _watch_held(self, held: bool, entries: Sequence[Entry]) -> None:  # noqa: FBT001  # read as a sentence at its call
        """Remember since when facts are held back; over two seconds is worth a warning."""
        if not held:
            self._held_since = None
            metrics.FEED_LAG_SECONDS.set(0)
            return
        now = self._clock.monotonic()
        self._held_since = now if self._held_since is None else self._held_since
        metrics.FEED_LAG_SECONDS.set(now - self._held_since)
        if now - self._held_since > HELD_TOO_LONG_S:
            log.warning(
                "an open transaction holds the change feed back",
                held_s=round(now - self._held_since, 1),
                first_xid=next(entry.xid for entry in entries if not entry.settled),
            )

    def _publish(self, message: Tick | Beat) -> None:
        for subscriber in self._subscribers:
            if subscriber.queue.full():
                subscriber.queue.get_nowait()
            subscriber.queue.put_nowait(message)


async def _drain(subscriber: _Subscriber) -> AsyncGenerator[Tick | Beat, None]:
    while True:
        yield await subscriber.queue.get()
