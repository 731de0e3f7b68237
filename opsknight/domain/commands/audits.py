"""The audit of invariant I2: each incident has exactly the one timer that its status calls for.

A timer that tells an owner of more alerts is not one that an incident waits for, and is left alone.

Commands keep it; this finds what a fault or a mistake of ours has broken, mends it and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from opsknight.crypto import new_id
from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.unit_of_work import UnitOfWork

KINDS_OF_INCIDENTS = (
    "escalation",
    "pause",
    "safety_net",
    "snooze_end",
    "suppress_end",
    "ack_timeout",
    "ack_reminder",
)
"""At most one timer of all these kinds belongs to one incident; the database enforces it."""

# What was acknowledged before the service's timeouts were changed goes on as it began, asked or not.
_WANTED = """
    SELECT i.id, i.generation, t.id AS timer_id, t.kind AS has, t.generation AS has_generation,
        CASE i.status
            WHEN 'open' THEN 'escalation'
            WHEN 'snoozed' THEN 'snooze_end'
            WHEN 'suppressed' THEN CASE WHEN i.until IS NOT NULL THEN 'suppress_end' END
            WHEN 'acknowledged' THEN CASE
                WHEN i.acknowledged_at < s.ack_timeouts_since THEN
                    CASE WHEN t.kind IN ('ack_timeout', 'ack_reminder') THEN 'ack_timeout' END
                WHEN (CASE i.urgency WHEN 'high' THEN s.ack_timeout_high_s ELSE s.ack_timeout_low_s END) IS NOT NULL
                    THEN 'ack_timeout' END
        END AS wants,
        CASE i.status
            WHEN 'open' THEN :now
            WHEN 'acknowledged' THEN coalesce(i.acknowledged_at, :now)
                + make_interval(secs => CASE i.urgency WHEN 'high' THEN s.ack_timeout_high_s
                    ELSE s.ack_timeout_low_s END)
            ELSE coalesce(i.until, :now)
        END AS due_at
    FROM incidents i JOIN services s ON s.id = i.service_id
    LEFT JOIN timers t ON t.subject = i.id AND t.kind = ANY(:kinds)
"""
_WRONG = f"""
    SELECT id, generation, timer_id, has, wants, due_at FROM ({_WANTED} WHERE {{which}}) w
    WHERE CASE wants
        WHEN 'escalation' THEN has IS NULL OR has NOT IN ('escalation', 'pause', 'safety_net')
            OR has_generation <> generation
        WHEN 'ack_timeout' THEN has IS NULL OR has NOT IN ('ack_timeout', 'ack_reminder')
        WHEN 'snooze_end' THEN has IS DISTINCT FROM 'snooze_end'
        WHEN 'suppress_end' THEN has IS NULL OR has NOT IN ('suppress_end', 'pause')
        ELSE has IS NOT NULL
    END LIMIT 500
"""  # noqa: S608  # constants of ours
_FIND = text(_WRONG.format(which="i.status <> 'resolved'"))
_FIND_RESOLVED = text("""
    SELECT i.id FROM timers t JOIN incidents i ON i.id = t.subject
    WHERE t.kind = ANY(:kinds) AND i.status = 'resolved' LIMIT 500
""")
_LOCK = text("SELECT id FROM incidents WHERE id = ANY(:ids) ORDER BY service_id, id FOR NO KEY UPDATE")
_CHECK = text(_WRONG.format(which="i.id = ANY(:ids)"))
_DROP = text("DELETE FROM timers WHERE id = ANY(:ids)")
_ARM = text("""
    INSERT INTO timers (id, kind, subject, generation, due_at, created_at)
    VALUES (:id, :kind, :subject, :generation, :due_at, :now)
    ON CONFLICT (subject) WHERE kind IN ('escalation', 'pause', 'safety_net', 'snooze_end', 'suppress_end',
        'ack_timeout', 'ack_reminder')
    DO UPDATE SET kind = excluded.kind, generation = excluded.generation, due_at = excluded.due_at, gather = false,
        lease_until = NULL, worker = NULL, fence = timers.fence + 1, attempts = 0, dead_at = NULL, last_error = ''
""")


async def repair(uow: UnitOfWork) -> Sequence[str]:
    """Give each incident the timer it should have; return what was mended, one word each.

    Each repair is a fact. At most 500 incidents a call.
    """
    values: dict[str, Any] = {"now": uow.now, "kinds": list(KINDS_OF_INCIDENTS)}
    suspects = list((await uow.session.execute(_FIND, values)).scalars())
    suspects += list((await uow.session.execute(_FIND_RESOLVED, {"kinds": values["kinds"]})).scalars())
    if not suspects:
        return ()
    await uow.session.execute(_LOCK, {"ids": suspects})
    wrong = (await uow.session.execute(_CHECK, {**values, "ids": suspects})).all()
    drop: list[UUID] = []
    mended: list[str] = []
    for row in wrong:
        if row.wants is None:
            drop.append(row.timer_id)
        else:
            await _arm(uow, row.id, row.wants, row.generation, max(row.due_at, uow.now))
        mended.append(row.wants or "superfluous")
        reason = f"it had {row.has or 'none'} and needs {row.wants or 'none'}"
        uow.record(Fact.TIMER_REPAIRED, incident_id=row.id, reason=reason, armed=row.wants is not None)
    if drop:
        await uow.session.execute(_DROP, {"ids": drop})
    return mended


async def _arm(uow: UnitOfWork, subject: UUID, kind: str, generation: int, due_at: datetime) -> None:
    values = {"id": new_id(), "kind": kind, "subject": subject, "generation": generation, "due_at": due_at}
    await uow.session.execute(_ARM, {**values, "now": uow.now})
