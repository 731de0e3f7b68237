"""When messages come too fast for whoever reads them: a few go at once, the rest goes together a minute later.

Counted for each address, service, urgency and severity, so that a storm of one service keeps nothing of another
waiting, nor anything lesser what is worse. While a storm goes on, one message goes at once in each further minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from opsknight.domain.model.event import Severity, Urgency

WITHIN: Final = timedelta(minutes=1)
_REMEMBERED: Final = 2_000
"""Bursts that are kept before those that are over are forgotten."""

Key = tuple[int, int, Urgency, Severity | None]
"""A contact method, a service, and how bad it is."""


@dataclass(slots=True)
class _Burst:
    began_at: datetime
    most: int
    gone: set[UUID] = field(default_factory=set[UUID])
    held: bool = False


@dataclass(slots=True)
class Bursts:
    """What went where within the last minute. `most` messages of a burst go at once; 0 knows no bound."""

    most: int
    _bursts: dict[Key, _Burst] = field(default_factory=dict[Key, _Burst])

    def held_until(self, key: Key, which: UUID, *, at: datetime) -> datetime | None:
        """Return until when message `which` waits; None where it goes at `at`, and it is counted then.

        It is counted once, however often it is asked of: what was told of it may be lost, and then it still goes. No
        wait is longer than WITHIN, whatever became of the clock.
        """
        if not self.most:
            return None
        burst = self._bursts.get(key)
        if burst is None or not burst.began_at <= at < burst.began_at + WITHIN:
            self._forget(at)
            goes_on = burst is not None and burst.held and burst.began_at <= at < burst.began_at + 2 * WITHIN
            burst = self._bursts[key] = _Burst(at, 1 if goes_on else self.most)
        if which in burst.gone:
            return None
        if len(burst.gone) >= burst.most:
            burst.held = True
            return burst.began_at + WITHIN
        burst.gone.add(which)
        return None

    def _forget(self, at: datetime) -> None:
        if len(self._bursts) >= _REMEMBERED:
            self._bursts = {key: one for key, one in self._bursts.items() if at < one.began_at + WITHIN}
