"""Room on a disk: when it is low, and when it is no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opsknight.domain.model.speech import say

GB: Final = 10**9
CLEARS_AT: Final = 1.1
"""How many times the least must be free before it is no longer low: what hovers about a bound is told once."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes on the file system of `where`: those that may still be written, and all that there are."""

    where: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Least:
    """How much must be free: so many percent of the whole, and so many GB. 0 asks for nothing."""

    percent: float = 10.0
    gigabytes: float = 2.0

    def of(self, total: int) -> float:
        """Return how many bytes of `total` must be free."""
        return max(total * self.percent / 100, self.gigabytes * GB)


def is_low(disk: Disk, least: Least, *, was_low: bool) -> bool:
    """Say whether too little is free; what `was_low` stays so until CLEARS_AT times the least is free, or all of it."""
    needed = least.of(disk.total)
    return disk.free < (min(needed * CLEARS_AT, max(needed, disk.total)) if was_low else needed)


def room(disk: Disk) -> str:
    """Return how much is free in words: `1.2 GB of 40 GB (3 %)`."""
    percent = 100 * disk.free // disk.total if disk.total else 0
    return say("{free} of {total} ({percent} %)", free=_size(disk.free), total=_size(disk.total), percent=percent)


def _size(count: int) -> str:
    told = f"{count / GB:.0f}" if count >= 10 * GB else f"{count / GB:.1f}"
    return say("{count} GB", count=told)
