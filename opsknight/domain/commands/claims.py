"""Claiming due timers for a worker, and putting back those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.commands.held import hold, set_timer, settle
from opsknight.domain.model.incident import Status, Verb, transition
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.timer import OF_HEARTBEATS, TimerKind
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
_PUT_ASIDE = text("""
    UPDATE timers SET lease_until = :until, worker = NULL, last_error = :reason WHERE id = :id AND fence = :fence
""")
_STILL_OURS = text("SELECT 1 FROM timers WHERE id = :id AND fence = :fence FOR UPDATE")
_NEVER_DEAD = OF_HEARTBEATS | {TimerKind.SAFETY_NET, TimerKind.ALERTS_JOINED}
"""These are tried for ever: nothing stands behind the safety net, a heartbeat has no incident yet, and an
owner who is not told of more alerts still has their incident."""
_OPENS = {
    Status.ACKNOWLEDGED: (Verb.UNACKNOWLEDGE, Fact.UNACKNOWLEDGED),
    Status.SNOOZED: (Verb.WAKE, Fact.WOKEN),
    Status.SUPPRESSED: (Verb.WAKE, Fact.WOKEN),
}
"""What a dead timer should have done to an incident that was not being paged."""


async def claim(uow: UnitOfWork, *, worker: int, limit: int) -> Sequence[ClaimedTimer]:
    """Lease at most `limit` due timers to `worker`, the longest due first."""
    return await claims.due_timers(uow.session, now=uow.now, worker=worker, limit=limit)


async def release(uow: UnitOfWork, *, worker: int) -> None:
    """Let go of every timer that `worker` has leased; it must fire none of them any more."""
    await claims.release_timers(uow.session, now=uow.now, worker=worker)


async def put_back(uow: UnitOfWork, timer: ClaimedTimer, *, reason: str) -> bool:
    """Let a timer that failed come again later; return whether it was given up and the safety net takes over."""
    failures = timer.attempts + 1
    if failures >= DEAD_AFTER and timer.kind not in _NEVER_DEAD:
        return await _to_safety_net(uow, timer, failures=failures, reason=reason)
    wait = timedelta(seconds=min(BACK_OFF_CAP_S, 2 ** min(failures, 5)))
    values = {"id": timer.id, "fence": timer.fence, "reason": reason[:500]}
    await uow.session.execute(_PUT_BACK, {**values, "due_at": uow.now + wait})
    return False


async def put_aside(uow: UnitOfWork, timer: ClaimedTimer, *, reason: str, wait: timedelta) -> None:
    """Let a timer that could not be fired for now come again after `wait`; that is no failure of its own."""
    values = {"id": timer.id, "fence": timer.fence, "reason": reason[:500], "until": uow.now + wait}
    await uow.session.execute(_PUT_ASIDE, values)


async def _to_safety_net(uow: UnitOfWork, timer: ClaimedTimer, *, failures: int, reason: str) -> bool:
    """Open the incident, for whatever it waited, and let the safety net page; False where others moved it on.

    Its copy of the policy goes, and who must acknowledge: it may be what the timer failed of.
    """
    held = await hold(uow, timer.subject)
    if (await uow.session.execute(_STILL_OURS, {"id": timer.id, "fence": timer.fence})).first() is None:
        return False
    after = held.before
    if after.status in _OPENS:
        verb, fact = _OPENS[after.status]
        after = transition(after, verb)
        told = await settle(uow, held, after, verb)
        uow.record(fact, incident_id=after.id, reason="its timer failed", **told)
    held.row.policy = held.row.must_acknowledge = None
    await set_timer(uow, after, (TimerKind.SAFETY_NET, uow.now) if after.status is Status.OPEN else None)
    uow.record(Fact.TIMER_DIED, incident_id=after.id, attempts=failures, reason=reason[:200])
    return True


async def free_of_the_dead(uow: UnitOfWork) -> int:
    """Free what workers had claimed whose lock is gone; return how much that was."""
    return await claims.free_of_the_dead(uow.session, now=uow.now)
