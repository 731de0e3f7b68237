"""Claiming due timers for a worker, and putting back those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.model.ledger import Fact
from opsknight.domain.store import claims
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.unit_of_work import UnitOfWork

DEAD_AFTER = 12
"""Failures of one timer after which the safety net takes its incident over."""
BACK_OFF_CAP_S = 30

_PUT_BACK = text("""
    UPDATE timers SET attempts = attempts + 1, lease_until = NULL, worker = NULL, last_error = :reason,
        due_at = :due_at WHERE id = :id AND fence = :fence
""")
_TO_SAFETY_NET = text("""
    UPDATE timers SET kind = 'safety_net', attempts = 0, lease_until = NULL, worker = NULL, last_error = :reason,
        due_at = :due_at, generation = i.generation
    FROM incidents i WHERE timers.id = :id AND fence = :fence AND i.id = timers.subject
""")


async def claim(uow: UnitOfWork, *, worker: int, limit: int) -> Sequence[ClaimedTimer]:
    """Lease at most `limit` due timers to `worker`, the longest due first."""
    return await claims.due_timers(uow.session, now=uow.now, worker=worker, limit=limit)


async def release(uow: UnitOfWork, *, worker: int) -> None:
    """Let go of every timer that `worker` has leased; it must fire none of them any more."""
    await claims.release_timers(uow.session, now=uow.now, worker=worker)


async def put_back(uow: UnitOfWork, timer: ClaimedTimer, *, reason: str) -> bool:
    """Let a timer that failed come again later; return whether it was given up and the safety net takes over."""
    failures = timer.attempts + 1
    values = {"id": timer.id, "fence": timer.fence, "reason": reason[:500]}
    if failures >= DEAD_AFTER and timer.kind != "safety_net":
        await uow.session.execute(_TO_SAFETY_NET, {**values, "due_at": uow.now})
        uow.record(Fact.TIMER_DIED, incident_id=timer.subject, attempts=failures, reason=reason[:200])
        return True
    wait = timedelta(seconds=min(BACK_OFF_CAP_S, 2 ** min(failures, 5)))
    await uow.session.execute(_PUT_BACK, {**values, "due_at": uow.now + wait})
    return False


async def free_of_the_dead(uow: UnitOfWork) -> int:
    """Free what workers had claimed whose lock is gone; return how much that was."""
    return await claims.free_of_the_dead(uow.session, now=uow.now)
