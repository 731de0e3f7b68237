"""Taking the last verb back: within five seconds, by the one who did it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from opsknight.domain.commands import alerts, still_on_it
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import TAKEN_BACK, Held, hold, set_timer, withdraw, write
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.everyone import everyone
from opsknight.domain.model.incident import Incident, Status, Verb
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.model.undo import Undo, undone
from opsknight.domain.store.tables import NotificationRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def undo(uow: UnitOfWork, incident_id: UUID) -> Done:
    """Restore an incident to what it was before the actor's last verb, with the rest of its wait.

    Messages that were withdrawn before anybody attempted them wait again; nobody who was attempted
    is paged again.

    Raises:
        IllegalTransition: there is nothing of the actor's to take back any more.
    """
    await require(uow, Need.RESPOND, incident_id=incident_id)
    held = await hold(uow, incident_id, service_too=True)
    kept = Undo.from_json(held.row.undo) if held.row.undo is not None else None
    after = undone(held.before, kept, actor=uow.actor, at=uow.now)
    if kept is None:
        raise AssertionError("undone refuses where nothing is kept")
    write(uow, held.row, after)
    held.row.undo = None
    if kept.verb is Verb.ACKNOWLEDGE and uow.user_id is not None and held.row.must_acknowledge is not None:
        share = everyone(held.row.must_acknowledge, after.generation)
        held.row.must_acknowledge = share.without(uow.user_id).to_json()
    if kept.policy is not None:
        held.row.policy = kept.policy
    if kept.must_acknowledge is not None:
        held.row.must_acknowledge = {**kept.must_acknowledge, "generation": after.generation}
    await _restore_alerts(uow, kept)
    if kept.verb is not Verb.ESCALATE or kept.status is not Status.OPEN:  # else nothing was paged, and all waits still
        await withdraw(uow, incident_id, TAKEN_BACK)
    await _queue_again(uow, kept, after)
    timer = _timer(uow, held, kept, after)
    await set_timer(uow, after, timer)
    uow.record(Fact.UNDONE, incident_id=incident_id, verb=kept.verb.value)
    await still_on_it.answer(uow, replace(held, before=after, timer=timer))
    return Done(after, f"Undone: “{after.title}” is {after.status} again.")


def _timer(uow: UnitOfWork, held: Held, kept: Undo, after: Incident) -> tuple[TimerKind, datetime] | None:
    """Return the timer that ran before with what remained of it, or the one that the status calls for."""
    due = held.wanted(after, at=uow.now)
    if due is None or kept.timer is None or after.until is not None:
        return due  # a stated end stays where it is
    return TimerKind(kept.timer), uow.now + timedelta(seconds=kept.wait_s)


async def _restore_alerts(uow: UnitOfWork, kept: Undo) -> None:
    if kept.verb is Verb.RESOLVE and kept.alerts:
        await alerts.open_these(uow, kept.alerts)
    elif kept.verb in (Verb.REOPEN, Verb.SUPPRESS):  # a suppress opens alerts where it took the place of a resolve
        await alerts.resolve_these(uow, kept.alerts)


async def _queue_again(uow: UnitOfWork, kept: Undo, after: Incident) -> None:
    """Let wait again what the verb withdrew and nobody has attempted, in the generation of now."""
    await uow.session.execute(
        update(NotificationRow)
        .where(
            NotificationRow.incident_id == after.id,
            NotificationRow.status == "superseded",
            NotificationRow.finished_at == kept.at,
            NotificationRow.reason != TAKEN_BACK,
            NotificationRow.attempts == 0,
        )
        .values(status="queued", finished_at=None, reason="", generation=after.generation)
        .execution_options(synchronize_session=False)
    )
