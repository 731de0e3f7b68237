"""What an event costs: processor time of OpsKnight and of its PostgreSQL, and how much of the machine rested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass(slots=True)
class Costs:
    """Processor seconds of one run; `idle` is the share of all cores that nobody used."""

    opsknight_s: float = 0.0
    postgresql_s: float = 0.0
    idle: float = 0.0

    def each(self, events: float) -> str:
        """Return both as microseconds of one of `events`."""
        return f"{self.opsknight_s / events * 1e6:.0f} + {self.postgresql_s / events * 1e6:.0f} µs"


@contextmanager
def counted(pid: int) -> Iterator[Costs]:
    """Count while the block runs what the process `pid` and the PostgreSQL below it use."""
    costs, before, machine = Costs(), _used(pid), psutil.cpu_times()
    yield costs
    after, then = _used(pid), psutil.cpu_times()
    costs.opsknight_s, costs.postgresql_s = after[0] - before[0], after[1] - before[1]
    whole = sum(then) - sum(machine)
    costs.idle = (then.idle - machine.idle) / whole if whole else 0.0


def _used(pid: int) -> tuple[float, float]:
    """Return processor seconds of a process, and of all PostgreSQL below it."""
    process, below = psutil.Process(pid), 0.0
    for child in process.children(recursive=True):
        try:
            below += sum(child.cpu_times()[:2]) if child.name() == "postgres" else 0.0
        except psutil.NoSuchProcess:
            continue
    return sum(process.cpu_times()[:2]), below
