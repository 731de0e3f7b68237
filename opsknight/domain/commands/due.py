"""Firing whatever is due: the timers of heartbeats first, which open incidents, then those of incidents."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.commands import escalations, joined, misses
from opsknight.domain.model.timer import OF_HEARTBEATS, TimerKind
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.unit_of_work import UnitOfWork


async def fire(uow: UnitOfWork, timers: Sequence[ClaimedTimer]) -> None:
    """Do what each of `timers` was armed for; all were claimed by the caller."""
    of_heartbeats = [timer for timer in timers if timer.kind in OF_HEARTBEATS]
    of_joined = [timer for timer in timers if timer.kind == TimerKind.ALERTS_JOINED]
    of_incidents = [timer for timer in timers if timer.kind not in (*OF_HEARTBEATS, TimerKind.ALERTS_JOINED)]
    if of_heartbeats:
        await misses.fire(uow, of_heartbeats)
    if of_incidents:
        await escalations.fire(uow, of_incidents)
    if of_joined:
        await joined.fire(uow, of_joined)
