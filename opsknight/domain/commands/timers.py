"""Arming and disarming the one timer of an incident or heartbeat, in the unit of work that makes it necessary."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Delete, delete, select, text, update
from sqlalchemy.dialects.postgresql import Insert, insert

from opsknight.crypto import new_id
from opsknight.domain.model.timer import OF_HEARTBEATS, TimerKind
from opsknight.domain.store.tables import TimerRow
from opsknight.domain.store.unit_of_work import UnitOfWork

# literally the predicates of the partial unique indexes: only so does PostgreSQL recognise them
_OF_INCIDENTS = text(
    "kind IN ('escalation', 'pause', 'safety_net', 'snooze_end', 'suppress_end', 'ack_timeout', 'ack_reminder')"
)
_OF_HEARTBEATS = text("kind IN ('heartbeat_missed', 'heartbeat_resume')")


async def arm(
    uow: UnitOfWork, kind: TimerKind, subject: UUID, *, generation: int, due_at: datetime, urgent: bool = True
) -> None:
    """Give `subject` this timer in place of the one it has, if any; what is not `urgent` lets others go first."""
    await uow.session.execute(arming(kind, subject, generation=generation, due_at=due_at, urgent=urgent, now=uow.now))


def arming(kind: TimerKind, subject: UUID, *, generation: int, due_at: datetime, urgent: bool, now: datetime) -> Insert:
    """Return the statement of `arm`: whoever had claimed the former timer finds its fence raised and leaves it."""
    values = {"kind": kind, "generation": generation, "due_at": due_at, "urgent": urgent}
    fresh = {"lease_until": None, "worker": None, "attempts": 0, "dead_at": None, "last_error": "", "gather": False}
    statement = insert(TimerRow).values(id=new_id(), subject=subject, created_at=now, **values)
    return statement.on_conflict_do_update(
        index_elements=[TimerRow.subject],
        index_where=_OF_HEARTBEATS if kind in OF_HEARTBEATS else _OF_INCIDENTS,
        set_={**values, **fresh, "fence": TimerRow.fence + 1},
    )


async def go_together(uow: UnitOfWork, subjects: Collection[UUID]) -> None:
    """Let the messages that the steps of these incidents lead to go together: they have come to it together."""
    await uow.session.execute(
        update(TimerRow)
        .where(TimerRow.subject.in_(subjects), TimerRow.kind == TimerKind.ESCALATION.value)
        .values(gather=True)
        .execution_options(synchronize_session=False)
    )


async def disarm(uow: UnitOfWork, subject: UUID) -> None:
    """Take the timer of the incident `subject` away; nothing when it has none."""
    await uow.session.execute(disarming(subject))


def disarming(subject: UUID) -> Delete:
    """Return the statement of `disarm`."""
    return delete(TimerRow).where(TimerRow.subject == subject, _OF_INCIDENTS)


async def disarm_heartbeat(uow: UnitOfWork, subject: UUID) -> None:
    """Take the timer of the heartbeat `subject` away; nothing when it has none."""
    await uow.session.execute(delete(TimerRow).where(TimerRow.subject == subject, _OF_HEARTBEATS))


async def armed(uow: UnitOfWork, subject: UUID) -> tuple[TimerKind, datetime] | None:
    """Return what timer `subject` has and when it is due."""
    statement = select(TimerRow.kind, TimerRow.due_at).where(TimerRow.subject == subject, _OF_INCIDENTS)
    row = (await uow.session.execute(statement)).one_or_none()
    return None if row is None else (TimerKind(row.kind), row.due_at)
