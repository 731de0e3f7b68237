"""Services as people put them away and bring them back: what speaks for one ends and begins with it, its history stays.

Locks are taken in this order: its heartbeats, the service itself, its maintenance windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from opsknight.domain.commands import maintenance, timers
from opsknight.domain.commands.authority import require, require_team
from opsknight.domain.commands.beating import settle
from opsknight.domain.commands.services import Done
from opsknight.domain.model.heartbeat import resumed
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.archived_services import ending, shown
from opsknight.domain.queries.heartbeats import value
from opsknight.domain.store.tables import EscalationPolicyRow, HeartbeatRow, ServiceRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

_USED = text("""
    INSERT INTO archived_uses (service_id, source, times, last_at)
    SELECT u.* FROM unnest(CAST(:services AS bigint[]), CAST(:sources AS text[]), CAST(:times AS bigint[]),
        CAST(:last AS timestamptz[])) u (service_id, source, times, last_at)
    JOIN services s ON s.id = u.service_id AND (s.archived_at IS NOT NULL OR EXISTS (
        SELECT FROM integrations i WHERE u.source = 'integration:' || i.id AND NOT i.active AND i.removed_at IS NULL
    ))
    ON CONFLICT (service_id, source) DO UPDATE SET times = archived_uses.times + excluded.times,
        last_at = greatest(archived_uses.last_at, excluded.last_at)
""")
_FORGET = text("DELETE FROM archived_uses WHERE service_id = :id")
_BACK = text("SELECT count(*) FROM integrations WHERE service_id = :id AND active")


@dataclass(frozen=True, slots=True)
class Used:
    """How often something was refused that came with a key that ended; `source` is "integration:7".

    Its service is archived, or the integration itself is switched off.
    """

    service_id: int
    source: str
    times: int
    last_at: datetime


async def archive(uow: UnitOfWork, service_id: int) -> Done:
    """Put a service away: nothing speaks for it any more, and it is offered nowhere; what was, stays.

    Raises:
        NotFound: there is no such service.
        Conflict: an incident of it is not resolved: nobody would hear how it ends.
    """
    row, beats = await _held(uow, service_id)
    if row.archived_at is not None:
        return Done(row.id, f"“{row.name}” is archived already.")
    its = await ending(uow.session, service_id, at=uow.now)
    if its.unresolved:
        what, are = shown(its.unresolved), "is" if len(its.unresolved) == 1 else "are"
        raise Conflict(f"“{row.name}” cannot be archived yet: {what} {are} not resolved. Resolve that first.")
    for window in its.windows:
        await maintenance.cancel(uow, window.id)
    for beat in beats:
        await timers.disarm_heartbeat(uow, beat.id)
    row.archived_at, row.archived_by = uow.now, uow.user_id
    uow.record(Fact.SERVICE_ARCHIVED, subject=f"service:{row.id}", name=row.name, ended=list(its.ends))
    ended = f" That ended {people(list(its.ends))}." if its.ends else ""
    to = its.rules_to
    moves = f" What {shown(to)} would move to it stays with its own service now." if to else ""
    return Done(row.id, f"“{row.name}” is archived.{ended}{moves} Its history stays, and it can be brought back.")


async def restore(uow: UnitOfWork, service_id: int, *, policy_id: int | None = None) -> Done:
    """Bring a service back with its integrations, heartbeats and rules as they were; cancelled maintenance stays so.

    `policy_id` says by which escalation policy it pages, where the one that it had was deleted. A heartbeat has a
    whole turn of its rhythm to report.

    Raises:
        NotFound: there is no such service.
        Conflict: its escalation policy was deleted, and none is said.
        Invalid: there is no such policy.
    """
    row, beats = await _held(uow, service_id)
    if row.archived_at is None:
        return Done(row.id, f"“{row.name}” is not archived.")
    await _give_policy(uow, row, policy_id)
    row.archived_at = row.archived_by = None
    for beat in beats:
        before = value(beat)
        is_paused = before.paused_until is not None and before.paused_until > uow.now
        await settle(uow, beat, before if is_paused else resumed(before, at=uow.now))
    await uow.session.execute(_FORGET, {"id": row.id})
    uow.record(Fact.SERVICE_RESTORED, subject=f"service:{row.id}", name=row.name)
    count = await uow.session.scalar(_BACK, {"id": row.id}) or 0
    keys = (
        ""
        if not count
        else f" {count} integration{'s let' if count > 1 else ' lets'} events in again, by the same key."
    )
    return Done(row.id, f"“{row.name}” is back.{keys}")


async def note_uses(uow: UnitOfWork, used: Sequence[Used]) -> None:
    """Add what was refused because it came with a key that ended. Figures, no change of state: no fact."""
    told = sorted(used, key=lambda one: (one.service_id, one.source))
    values = {
        "services": [one.service_id for one in told],
        "sources": [one.source for one in told],
        "times": [one.times for one in told],
        "last": [one.last_at for one in told],
    }
    await uow.session.execute(_USED, values)


async def _held(uow: UnitOfWork, service_id: int) -> tuple[ServiceRow, Sequence[HeartbeatRow]]:
    """Lock a service against whatever would be added to it, incidents too, having made sure that the actor may."""
    await require(uow, Need.MANAGE_TEAM)
    beating = select(HeartbeatRow).where(HeartbeatRow.service_id == service_id).order_by(HeartbeatRow.id)
    await uow.session.execute(beating.with_for_update(key_share=True))
    held = select(ServiceRow).where(ServiceRow.id == service_id).with_for_update()
    row = await uow.session.scalar(held.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such service.")
    await require_team(uow, await uow.session.get_one(TeamRow, row.team_id))
    beats = await uow.session.scalars(beating.execution_options(populate_existing=True))
    return row, beats.all()


async def _give_policy(uow: UnitOfWork, row: ServiceRow, policy_id: int | None) -> None:
    policy = await uow.session.get_one(EscalationPolicyRow, row.policy_id)
    if policy_id is not None and policy_id != row.policy_id:
        wanted = await uow.session.get(EscalationPolicyRow, policy_id)
        if wanted is None or wanted.deleted_at is not None:
            raise Invalid("There is no such escalation policy; choose one from the list.")
        row.policy_id = policy_id
    elif policy.deleted_at is not None:
        raise Conflict(f"“{policy.name}”, which paged for “{row.name}”, was deleted: choose another escalation policy.")
