"""The one clock. Its time is the database's, sampled and carried by the monotonic clock.

Every process of an installation thus agrees about what is due, whatever its own wall clock says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

SAMPLE_EVERY_S: Final = 5.0
"""How often whoever owns the database connection should call `Clock.sample`."""
JUMP: Final = timedelta(seconds=5)
"""A sample further than this from the carried time is a jump: reported, and not followed."""


class Clock:
    """Tells the time as the database sees it.

    Until the first sample it is the machine's own time. A later sample within JUMP corrects it. One
    further off is a jump of the database's wall clock: time is carried on as before, so that nothing
    fires early or late, `jump` says how far apart the two are and `on_jump` is called once. The
    jump is over when a sample agrees again; a restart takes the database's time as it is then.

    `offset` belongs to the tests: it moves `now` and nothing else.
    """

    def __init__(self, *, on_jump: Callable[[timedelta], object] | None = None) -> None:
        """Start with the machine's own time; `on_jump` gets database time minus carried time."""
        self.offset = timedelta()
        self.jump: timedelta | None = None
        self.on_jump = on_jump
        self._sampled = False
        self._base_at = datetime.now(UTC)  # noqa: TID251  # the one place
        self._base_monotonic = self.monotonic()

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return self._carried_to(self.monotonic()) + self.offset

    def monotonic(self) -> float:
        """Return seconds that only ever grow and count time spent suspended; for waits and leases."""
        return _monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of `monotonic`."""
        await asyncio.sleep(seconds)

    def sample(self, database_now: datetime, monotonic: float) -> None:
        """Take note that the database's clock said `database_now` at `monotonic`, midway through the question."""
        apart = database_now - self._carried_to(monotonic)
        if self._sampled and abs(apart) > JUMP:
            first_seen, self.jump = self.jump is None, apart
            if first_seen and self.on_jump is not None:
                self.on_jump(apart)
            return
        self._base_at, self._base_monotonic = database_now.astimezone(UTC), monotonic
        self._sampled, self.jump = True, None

    def _carried_to(self, monotonic: float) -> datetime:
        return self._base_at + timedelta(seconds=monotonic - self._base_monotonic)


def _steady_clock() -> Callable[[], float]:
    """Return the clock that goes on while the machine sleeps, where there is one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        boottime = time.CLOCK_BOOTTIME
        return lambda: time.clock_gettime(boottime)
    return time.monotonic


_monotonic: Final = _steady_clock()
