"""Virtual time: it stands still while anything works, and then goes to the next instant at which something happens."""

from __future__ import annotations

import asyncio
import heapq
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from opsknight.clock import Clock

TICK = timedelta(microseconds=1)


class Timeline:
    """The time of one run. Whoever sleeps on it is woken when it gets there."""

    def __init__(self, start_at: datetime) -> None:
        self.start_at = self.at = start_at
        self.stirred = asyncio.Event()
        """Set whenever a task has fallen asleep on it."""
        self.asleep: set[asyncio.Task[Any]] = set()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None], asyncio.Task[Any]]] = []
        self._numbers = count()

    @property
    def seconds(self) -> float:
        """How long the run has lasted."""
        return (self.at - self.start_at).total_seconds()

    @property
    def next_at(self) -> datetime | None:
        """When the next sleeper wakes."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def tick(self) -> None:
        """Let no two looks at a clock see the same instant."""
        self.at += TICK

    async def sleep(self, seconds: float) -> None:
        """Return when so much of this time has gone by."""
        task, woken = asyncio.current_task(), asyncio.get_running_loop().create_future()
        assert task is not None
        heapq.heappush(self._sleepers, (self.at + timedelta(seconds=seconds), next(self._numbers), woken, task))
        self.asleep.add(task)
        self.stirred.set()
        try:
            await woken
        finally:
            self.asleep.discard(task)

    def go_to(self, at: datetime) -> None:
        """Let time pass, never backwards; who slept until then is awake."""
        self.at = max(self.at, at)
        while (next_at := self.next_at) is not None and next_at <= self.at:
            _, _, woken, task = heapq.heappop(self._sleepers)
            woken.set_result(None)
            self.asleep.discard(task)


class HostClock(Clock):
    """The product's own clock on a host whose time is this one's."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        super().__init__()

    def now(self) -> datetime:
        self._timeline.tick()
        return super().now()

    def monotonic(self) -> float:
        return self._timeline.seconds

    async def sleep(self, seconds: float) -> None:
        await self._timeline.sleep(seconds)
