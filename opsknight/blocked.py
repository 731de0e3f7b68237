"""Watches the event loop from a thread: what blocks it is named in the log while it does, and counted.

A blocked loop takes no event and sends no page, and afterwards nobody can tell what held it. The loop beats twice a
second; the thread wakes when a beat should long have come, so about once a second, and writes down where the loop's
thread stands: files, lines and functions, never the values in them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import structlog

from opsknight import metrics

log = structlog.get_logger(__name__)

BEAT_EVERY_S: Final = 0.5
PATIENCE_S: Final = 1.0
"""Since the last beat. A block of a second is thus always told, within a second, and one of half a second never."""
STOOD_STILL_S: Final = 0.5
"""Where the thread itself wakes so late, nothing ran: the machine paused, or something kept the interpreter's lock."""


class LoopWatch:
    """Watches the loop inside `with`, which is entered on it. `look` is what the thread does each time it wakes."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing is watched yet."""
        self._monotonic = monotonic
        self._beat_at = self._look_at = monotonic()
        self._told_of: float | None = None
        self._stopped = threading.Event()
        self._next: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop
        self._thread_of_loop = threading.get_ident()

    def __enter__(self) -> Self:
        """Begin to beat, and to listen."""
        self._loop, self._thread_of_loop = asyncio.get_running_loop(), threading.get_ident()
        self.beat()
        threading.Thread(target=self._run, name="loop watch", daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Stop both; the thread ends by itself."""
        self._stopped.set()
        if self._next is not None:
            self._next.cancel()

    def beat(self) -> None:
        """Say that the loop runs, now and twice a second from now on."""
        self._beat_at = self._monotonic()
        self._next = self._loop.call_later(BEAT_EVERY_S, self.beat)

    def look(self) -> float:
        """Tell of a block that began or ended; return after how many seconds to look again."""
        now, beat_at = self._monotonic(), self._beat_at
        if self._told_of is not None and beat_at != self._told_of:
            self._end(beat_at - self._told_of - BEAT_EVERY_S)
        elif self._told_of is None and now - self._look_at > STOOD_STILL_S:
            log.warning(
                "nothing ran: the machine paused, or code kept the interpreter to itself", for_s=self._late(now)
            )
            metrics.LOOP_BLOCKED_SECONDS.inc(now - self._look_at)
            return self._again(now, BEAT_EVERY_S)  # the loop may be about to beat
        elif self._told_of is None and now - beat_at >= PATIENCE_S:
            self._told_of = beat_at
            log.error("the event loop is blocked", for_s=round(now - beat_at, 1), stack=self._stack())
        return self._again(now, BEAT_EVERY_S if self._told_of is not None else beat_at + PATIENCE_S - now)

    def _end(self, blocked_s: float) -> None:
        log.warning("the event loop runs again", blocked_s=round(blocked_s, 1))
        metrics.LOOP_BLOCKED_SECONDS.inc(blocked_s)
        self._told_of = None

    def _late(self, now: float) -> float:
        return round(now - self._look_at, 1)

    def _again(self, now: float, seconds: float) -> float:
        wait_s = max(0.05, seconds)
        self._look_at = now + wait_s
        return wait_s

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._thread_of_loop)  # noqa: SLF001  # the only way to see another thread
        return "" if frame is None else "".join(traceback.format_stack(frame)).rstrip()

    def _run(self) -> None:
        wait_s = self._again(self._monotonic(), PATIENCE_S)
        while not self._stopped.wait(wait_s):
            wait_s = self.look()
