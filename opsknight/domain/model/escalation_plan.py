"""What a policy does to an incident that nobody acknowledges: by the same moves by which the engine pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from opsknight.domain.model.escalation import Policy, next_move


@dataclass(frozen=True, slots=True)
class Firing:
    """Step `step` of `lap` fires `at`, and reaches somebody or is skipped; or the safety net begins (`is_net`)."""

    at: datetime
    step: int
    lap: int
    reached: bool = True
    is_net: bool = False


Reaches = Callable[[int, datetime], bool]
"""Whether a step, by its number, reaches somebody at an instant."""


def plan(policy: Policy, *, opened_at: datetime, reaches: Reaches = lambda _step, _at: True) -> Iterator[Firing]:
    """Yield every firing of an incident that opens `opened_at`, in order of time; the safety net is the last."""
    step, lap, at, lap_started_at = 0, 0, opened_at, None
    while True:
        reached = policy.step_at(step, lap) is not None and reaches(step, at)
        if policy.step_at(step, lap) is not None:
            yield Firing(at, step, lap, reached)
        move = next_move(policy, next_step=step, lap=lap, reached=reached, at=at, lap_started_at=lap_started_at)
        started_at = lap_started_at or (at if reached else None)
        lap_started_at = started_at if move.lap == lap else None
        step, lap, at = move.next_step, move.lap, move.due_at
        if move.to_net:
            yield Firing(at, step, lap, is_net=True)
            return
