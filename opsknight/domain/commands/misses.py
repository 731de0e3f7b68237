"""Firing the timers of heartbeats, what was not heard in time and what wakes from a pause; and their audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from opsknight.domain.commands.beating import report, settle
from opsknight.domain.commands.escalations import LATE
from opsknight.domain.model.hearing import Hearing, counts_from
from opsknight.domain.model.heartbeat import Heartbeat, Silence, missed, resumed
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.queries.hearing import hearing
from opsknight.domain.queries.heartbeats import value
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.tables import HeartbeatRow
from opsknight.domain.store.unit_of_work import UnitOfWork

AT_ONCE: Final = 500
"""Heartbeats that one audit mends at most."""

_STILL_OURS = text("SELECT id, fence FROM timers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_DROP = text("DELETE FROM timers WHERE id = ANY(:ids)")
_WRONG = text("""
    SELECT h.id FROM heartbeats h JOIN services s ON s.id = h.service_id AND s.archived_at IS NULL
    LEFT JOIN timers t ON t.subject = h.id AND t.kind IN ('heartbeat_missed', 'heartbeat_resume')
    WHERE t.kind IS DISTINCT FROM CASE WHEN h.paused_until IS NOT NULL THEN 'heartbeat_resume'
        WHEN h.state <> 'new' THEN 'heartbeat_missed' END
    ORDER BY h.id LIMIT :limit
""")
_ORPHANS = text("""
    DELETE FROM timers t WHERE t.kind IN ('heartbeat_missed', 'heartbeat_resume')
        AND NOT EXISTS (SELECT FROM heartbeats h JOIN services s ON s.id = h.service_id
            WHERE h.id = t.subject AND s.archived_at IS NULL) RETURNING t.id
""")
_ARCHIVED = text("""
    SELECT h.id FROM heartbeats h JOIN services s ON s.id = h.service_id
    WHERE h.id = ANY(:ids) AND s.archived_at IS NOT NULL
""")
_HAS = text("SELECT kind FROM timers WHERE subject = :id AND kind IN ('heartbeat_missed', 'heartbeat_resume')")


async def fire(uow: UnitOfWork, timers: Sequence[ClaimedTimer]) -> None:
    """Do what each of `timers` was armed for. All belong to heartbeats and were claimed by the caller."""
    rows = await _locked(uow, [timer.subject for timer in timers])
    fences: dict[UUID, int] = dict(
        (await uow.session.execute(_STILL_OURS, {"ids": [timer.id for timer in timers]})).all()
    )
    left = [timer.id for timer in timers if timer.subject not in rows]
    if left:
        await uow.session.execute(_DROP, {"ids": left})
    heard = await hearing(uow.session)
    for timer in timers:
        row = rows.get(timer.subject)
        if row is not None and fences.get(timer.id) == timer.fence:
            await _fire(uow, row, timer, heard)


async def repair(uow: UnitOfWork) -> Sequence[str]:
    """Give each heartbeat the timer that it should have; return what was mended, one word each. Each is a fact."""
    mended = ["superfluous" for _ in (await uow.session.execute(_ORPHANS)).scalars()]
    suspects = list((await uow.session.execute(_WRONG, {"limit": AT_ONCE})).scalars())
    rows = await _locked(uow, suspects) if suspects else {}
    for row in rows.values():
        before = value(row)
        wants = _wanted(before)
        has = await uow.session.scalar(_HAS, {"id": row.id})
        if has == wants:
            continue  # whoever held the lock has set it right
        await settle(uow, row, before)
        mended.append(wants or "superfluous")
        reason = f"{row.name} had {has or 'none'} and needs {wants or 'none'}"
        uow.record(Fact.TIMER_REPAIRED, subject=f"heartbeat:{row.id}", reason=reason, armed=wants is not None)
    return mended


async def _locked(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, HeartbeatRow]:
    """Lock these heartbeats and return them, without those of which nothing is expected: their service is archived."""
    statement = (
        select(HeartbeatRow)
        .where(HeartbeatRow.id.in_(ids))
        .order_by(HeartbeatRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in (await uow.session.execute(statement)).scalars()}
    archived = set((await uow.session.execute(_ARCHIVED, {"ids": list(found)})).scalars())
    return {heartbeat_id: row for heartbeat_id, row in found.items() if heartbeat_id not in archived}


async def _fire(uow: UnitOfWork, row: HeartbeatRow, timer: ClaimedTimer, heard: Hearing | None) -> None:
    before, subject = value(row), f"heartbeat:{row.id}"
    if timer.kind == TimerKind.HEARTBEAT_RESUME and before.paused_until is not None:
        await settle(uow, row, resumed(before, at=uow.now))
        uow.record(Fact.HEARTBEAT_RESUMED, subject=subject, actor=f"timer:{timer.kind}", name=row.name)
        return
    deadline = before.deadline
    counts = deadline and counts_from(heard, deadline, patience=before.patience, at=uow.now)
    if deadline is None or counts is None or counts > uow.now:
        await settle(uow, row, before, counts_from=counts)
        return
    after, why = missed(before, at=uow.now)
    await settle(uow, row, after)
    reason = _reason(row, before, why)
    if heard is not None and counts > deadline:
        waited = span(before.patience.total_seconds())
        reason += f"; OpsKnight could not hear for {span(heard.away.total_seconds())}, and has waited {waited} since"
    incident_id = await report(uow, row, why, {"reason": reason})
    if before.state is not after.state:
        told: dict[str, Any] = {"name": row.name, "reason": reason}
        if (late := uow.now - timer.due_at) > LATE:
            told["late_s"] = late.total_seconds()
        actor = f"timer:{timer.kind}"
        uow.record(Fact.HEARTBEAT_DOWN, incident_id=incident_id, subject=subject, actor=actor, **told)


def _reason(row: HeartbeatRow, before: Heartbeat, why: Silence) -> str:
    """Return in words what was waited for in vain."""
    grace = span(row.grace_s)
    if why is Silence.OVERRUN:
        return f"a run that started did not end within {grace}"
    return f"no ping came in time: it is expected {before.rhythm.words()}, with {grace} of grace"


def _wanted(heartbeat: Heartbeat) -> TimerKind | None:
    if heartbeat.paused_until is not None:
        return TimerKind.HEARTBEAT_RESUME
    return None if heartbeat.deadline is None else TimerKind.HEARTBEAT_MISSED
