"""What goes wrong in a run, by chance and from its seed: at any await, in any provider, for seconds or minutes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from tests.simulator.shaky import Moment


class Strike(StrEnum):
    """What can happen to a statement or a commit."""

    LOST = "the connection is lost"
    DEADLOCK = "the database asks to try again"
    KILL = "the process is killed"
    SHORT_STALL = "it takes a moment"
    LONG_STALL = "it takes longer than a lease"
    IDLE = "it idles in its transaction until the server ends that"


class Deadlock(Exception):
    """What PostgreSQL says when two wait for each other."""

    sqlstate = "40P01"


@dataclass(frozen=True, slots=True)
class Fault:
    """From when to when something was broken, and what."""

    began_at: datetime
    ended_at: datetime
    what: str


_STATEMENT = (
    (Strike.LOST, 0.0008),
    (Strike.DEADLOCK, 0.0005),
    (Strike.KILL, 0.0003),
    (Strike.SHORT_STALL, 0.002),
)
_AT: dict[Moment, tuple[tuple[Strike, float], ...]] = {
    Moment.FIRST_STATEMENT: (*_STATEMENT, (Strike.LONG_STALL, 0.001)),
    Moment.STATEMENT: (*_STATEMENT, (Strike.IDLE, 0.0004)),
    Moment.BEFORE_COMMIT: ((Strike.LOST, 0.004), (Strike.DEADLOCK, 0.002), (Strike.KILL, 0.001)),
    Moment.AFTER_COMMIT: (
        (Strike.LOST, 0.004),
        (Strike.KILL, 0.001),
        (Strike.SHORT_STALL, 0.004),
        (Strike.LONG_STALL, 0.001),
    ),
}
"""How likely each is, each time."""


@dataclass(slots=True)
class Fate:
    """Decides, from the seed, and remembers what it did. `rate` scales everything; 0 is a good year."""

    chance: Random
    rate: float = 1.0
    faults: list[Fault] = field(default_factory=list[Fault])
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def draw(self, moment: Moment) -> Strike | None:
        """Return what happens now, mostly nothing."""
        point = self.chance.random()
        for strike, likely in _AT[moment]:
            point -= likely * self.rate
            if point < 0:
                return strike
        return None

    def happens(self, likely: float) -> bool:
        """Return whether something happens now that happens so often."""
        return self.chance.random() < likely * self.rate

    def note(self, what: str, began_at: datetime, ended_at: datetime | None = None) -> None:
        """Remember a fault; one without an end is over at once."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.faults.append(Fault(began_at, ended_at or began_at, what))

    def outages(self, start_at: datetime, end_at: datetime) -> list[tuple[datetime, datetime]]:
        """Return when the database is away: seconds mostly, minutes now and then, about once in two days."""
        found: list[tuple[datetime, datetime]] = []
        at = start_at
        while self.rate > 0:
            at += timedelta(hours=self.chance.expovariate(1 / 40))
            if at >= end_at:
                break
            lasts_s = self.chance.choice((2, 5, 20, 45, 200, 900)) * self.chance.uniform(0.5, 1.5)
            found.append((at, at + timedelta(seconds=lasts_s)))
            at = found[-1][1]
        return found
