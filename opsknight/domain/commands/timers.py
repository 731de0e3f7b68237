"""Arming and disarming the one timer of an incident or heartbeat, in the unit of work that makes it necessary."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, TextClause, bindparam, delete, select, text, update
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
    statement = ARM_HEARTBEAT if kind in OF_HEARTBEATS else ARM
    values = armed_with(kind, subject, generation=generation, due_at=due_at, urgent=urgent, now=uow.now)
    await uow.session.execute(statement, values)


def armed_with(
    kind: TimerKind, subject: UUID, *, generation: int, due_at: datetime, urgent: bool, now: datetime
) -> dict[str, object]:
    """Return what ARM and ARM_HEARTBEAT are asked with."""
    values = {"timer_id": new_id(), "timer_subject": subject, "timer_kind": kind.value, "armed_at": now}
    return {**values, "timer_generation": generation, "timer_due_at": due_at, "timer_urgent": urgent}


def _arming(which: TextClause) -> Insert:
    """Return the statement of `arm`: whoever had claimed the former timer finds its fence raised and leaves it."""
    values: dict[str, BindParameter[Any]] = {
        "kind": bindparam("timer_kind"),
        "generation": bindparam("timer_generation"),
        "due_at": bindparam("timer_due_at"),
        "urgent": bindparam("timer_urgent"),
    }
    fresh = {"lease_until": None, "worker": None, "attempts": 0, "dead_at": None, "last_error": "", "gather": False}
    return (
        insert(TimerRow)
        .values(
            id=bindparam("timer_id"), subject=bindparam("timer_subject"), created_at=bindparam("armed_at"), **values
        )
        .on_conflict_do_update(
            index_elements=[TimerRow.subject], index_where=which, set_={**values, **fresh, "fence": TimerRow.fence + 1}
        )
    )


ARM: Final = _arming(_OF_INCIDENTS)
ARM_HEARTBEAT: Final = _arming(_OF_HEARTBEATS)
DISARM: Final = delete(TimerRow).where(TimerRow.subject == bindparam("timer_subject"), _OF_INCIDENTS)
"""Made once: to make one takes longer than to ask it."""
_ARMED: Final = select(TimerRow.kind, TimerRow.due_at).where(TimerRow.subject == bindparam("subject"), _OF_INCIDENTS)


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
    await uow.session.execute(DISARM, {"timer_subject": subject})


async def disarm_heartbeat(uow: UnitOfWork, subject: UUID) -> None:
    """Take the timer of the heartbeat `subject` away; nothing when it has none."""
    await uow.session.execute(delete(TimerRow).where(TimerRow.subject == subject, _OF_HEARTBEATS))


async def armed(uow: UnitOfWork, subject: UUID) -> tuple[TimerKind, datetime] | None:
    """Return what timer `subject` has and when it is due."""
    row = (await uow.session.execute(_ARMED, {"subject": subject})).one_or_none()
    return None if row is None else (TimerKind(row.kind), row.due_at)
