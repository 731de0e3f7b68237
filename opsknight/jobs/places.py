"""The places of a lane: how many calls may begin, and how many of them to one host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.full_hosts import NO_HOSTS, FullHosts, host


@dataclass(frozen=True, slots=True)
class Room:
    """What may begin: how many calls in all, how many of them of low urgency, and to which hosts none."""

    limit: int
    limit_low: int
    full: FullHosts = NO_HOSTS


def room(width: int, under_way: Collection[Attempt], *, free: int, many_hosts: bool) -> Room:
    """Return what may begin on a lane of `width` places, `free` of them, beside the calls that are `under_way`.

    Half of the places are kept for high urgency. Where a lane calls `many_hosts`, one of them has at most half of
    the places, and low urgency half of those: a host that hangs holds itself up, and no other.
    """
    quiet = [one for one in under_way if one.urgency is Urgency.LOW]
    low = max(0, width // 2 - len(quiet))
    if not many_hosts:
        return Room(free, low)
    full, left = _full(under_way, max(1, width // 2))
    full_for_low, left_for_low = _full(quiet, max(1, width // 4))
    return Room(min(free, left), min(low, left_for_low), FullHosts(full, full | full_for_low))


def _full(under_way: Collection[Attempt], most: int) -> tuple[frozenset[str], int]:
    """Return which hosts have `most` calls, and how many more may begin: all of them may be to the busiest other."""
    calls = Counter(host(one.address) for one in under_way)
    full = frozenset(each for each, count in calls.items() if count >= most)
    return full, most - max((count for each, count in calls.items() if each not in full), default=0)
