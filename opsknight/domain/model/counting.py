"""Counting the active steps of a rotation without walking from its start.

Which step of a week is active repeats from week to week, so the steps of one week are judged and the rest is
division; holidays are exceptions to it, and are judged one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

from opsknight.domain.model.restriction import Holidays, Restriction

NEVER: Final = 2**62
"""The step of an active one that never comes."""
_AROUND: Final = timedelta(days=1)
"""What a holiday can reach into the next day: the night that begins on it."""


class Counted(Protocol):
    """The steps of a rotation."""

    @property
    def a_period(self) -> int:
        """After how many steps the pattern of a week begins again, from step 1 on."""
        ...

    def wall(self, index: int) -> datetime:
        """Return the wall-clock time at which step `index` begins."""
        ...

    def at(self, wall: datetime) -> int:
        """Return the index of the step that holds a wall-clock time, or of a neighbour."""
        ...


@dataclass(frozen=True, slots=True)
class Counting:
    """How many steps are active: step 0 (0 or 1), of a period from step 1 on (running totals), and exceptions.

    `exceptions` are the steps, in order, that holidays make inactive; or, where `only_those`, all that are active.
    """

    of_first: int
    of_period: tuple[int, ...]
    exceptions: tuple[int, ...] = ()
    only_those: bool = False

    def active_before(self, index: int) -> int:
        """Return how many of the steps before step `index` are active."""
        if index <= 0:
            return 0
        excepted = bisect_left(self.exceptions, index)
        if self.only_those:
            return excepted
        periods, rest = divmod(index - 1, len(self.of_period) - 1)
        return self.of_first + periods * self.of_period[-1] + self.of_period[rest] - excepted

    def step_of(self, ordinal: int) -> int:
        """Return the step at which active step number `ordinal` begins, counted from 0; NEVER where there is none.

        Number 0 begins with the rotation, active or not.
        """
        if ordinal == 0:
            return 0
        if self.only_those:
            return self.exceptions[ordinal] if ordinal < len(self.exceptions) else NEVER
        if self.of_period[-1] == 0:
            return NEVER
        low, high = 0, ((ordinal + 1 + len(self.exceptions)) // self.of_period[-1] + 1) * (len(self.of_period) - 1)
        while low < high:
            middle = (low + high) // 2
            if self.active_before(middle + 1) > ordinal:
                high = middle
            else:
                low = middle + 1
        return low


@lru_cache(maxsize=1024)
def counting(steps: Counted, restriction: Restriction) -> Counting:
    """Return how the active ones of `steps` are counted under `restriction`."""
    weekly = restriction.without_days()
    if restriction.on is Holidays.ONLY:
        active = tuple(sorted(set(_reached(steps, restriction, lambda step: _active(steps, restriction, step)))))
        return Counting(0, (0, 0), active, only_those=True)
    totals = [0]
    for step in range(1, steps.a_period + 1):
        totals.append(totals[-1] + _active(steps, weekly, step))
    exceptions: set[int] = set()
    if restriction.on is Holidays.NOT:
        exceptions.update(_reached(steps, restriction, lambda step: _lost(steps, restriction, weekly, step)))
    return Counting(int(_active(steps, weekly, 0)), tuple(totals), tuple(sorted(exceptions)))


def _reached(steps: Counted, restriction: Restriction, wanted: Callable[[int], bool]) -> Iterator[int]:
    """Yield the steps that a holiday can reach and that are `wanted`."""
    for start, end in restriction.runs_of_holidays:
        if end + _AROUND > steps.wall(0):
            for step in range(max(0, steps.at(start) - 1), steps.at(end + _AROUND) + 2):
                if wanted(step):
                    yield step


def _lost(steps: Counted, restriction: Restriction, weekly: Restriction, step: int) -> bool:
    return _active(steps, weekly, step) and not _active(steps, restriction, step)


def _active(steps: Counted, restriction: Restriction, step: int) -> bool:
    return any(True for _ in restriction.walls(steps.wall(step), steps.wall(step + 1)))
