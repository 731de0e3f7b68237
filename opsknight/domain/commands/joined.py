"""Telling the owner that more alerts have joined their incident: once for all of them, and not again at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, text

from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import to_say_many
from opsknight.domain.queries import escalations as reading
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.unit_of_work import UnitOfWork

NOT_AGAIN_FOR: Final = timedelta(minutes=5)

# How many alerts there were is kept as the page's lap: counting misses none that was stored out of order.
_HOLD: Final = text("""
    SELECT i.id, i.status, i.urgency, i.generation, i.assignee_id, told.last_at, has.alerts,
        has.alerts - greatest(has.before, told.alerts) AS joined
    FROM incidents i CROSS JOIN LATERAL (
        SELECT max(p.lap) AS alerts, max(p.created_at) AS last_at FROM pages p
        WHERE p.incident_id = i.id AND p.generation = i.generation AND p.kind = 'joined') told
    CROSS JOIN LATERAL (
        SELECT count(*) AS alerts,
            count(*) FILTER (WHERE a.opened_at <= coalesce(i.acknowledged_at, i.created_at)) AS before
        FROM alerts a WHERE a.incident_id = i.id) has
    WHERE i.id = ANY(:ids) ORDER BY i.service_id, i.id FOR NO KEY UPDATE OF i
""")
_STILL_OURS: Final = text("SELECT id, fence FROM timers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_LATER: Final = text("""
    UPDATE timers SET due_at = :due_at, lease_until = NULL, worker = NULL, fence = fence + 1, attempts = 0
    WHERE id = :id
""")
_DROP: Final = text("DELETE FROM timers WHERE id = ANY(:ids)")


async def fire(uow: UnitOfWork, timers: Sequence[ClaimedTimer]) -> None:
    """Tell each owner how many alerts have joined since they acknowledged, or were told last.

    Who was told less than NOT_AGAIN_FOR ago is told when that is over. All timers were claimed by the caller.
    """
    rows = {row.id: row for row in await uow.session.execute(_HOLD, {"ids": [timer.subject for timer in timers]})}
    fences = dict((await uow.session.execute(_STILL_OURS, {"ids": [timer.id for timer in timers]})).all())
    ours = [timer for timer in timers if fences.get(timer.id) == timer.fence]
    owners = {row.assignee_id for row in rows.values() if row.assignee_id is not None}
    outbox = Outbox(uow.now, await reading.people(uow.session, owners))
    later: list[dict[str, Any]] = []
    for timer in ours:
        row = rows.get(timer.subject)
        if row is None or row.status != "acknowledged" or row.assignee_id not in outbox.people or row.joined <= 0:
            continue
        if row.last_at is not None and row.last_at + NOT_AGAIN_FOR > uow.now:
            later.append({"id": timer.id, "due_at": row.last_at + NOT_AGAIN_FOR})
        else:
            _tell(uow, outbox, timer, row)
    await outbox.write(uow)
    if later:
        await uow.session.execute(_LATER, later)
    waiting = {each["id"] for each in later}
    if over := [timer.id for timer in ours if timer.id not in waiting]:
        await uow.session.execute(_DROP, {"ids": over})


def _tell(uow: UnitOfWork, outbox: Outbox, timer: ClaimedTimer, row: Row[Any]) -> None:
    why = "1 more alert has joined" if row.joined == 1 else f"{row.joined} more alerts have joined"
    owner = outbox.people[row.assignee_id]
    refused = outbox.add(
        Page(
            incident_id=row.id,
            generation=row.generation,
            kind=PageKind.JOINED,
            user_id=owner.id,
            reason=to_say_many(
                "1 more alert has joined the incident that you own",
                "{count} more alerts have joined the incident that you own",
                count=row.joined,
            ),
            urgency=Urgency(row.urgency),
            due_at=timer.due_at,
            lap=row.alerts,
            once=True,
        )
    )
    about: dict[str, Any] = {"incident_id": row.id, "actor": "timer:alerts_joined", "user": owner.name}
    if refused is None:
        uow.record(Fact.PAGED, **about, user_id=owner.id, reason=f"{why} the incident that they own")
    else:
        uow.record(Fact.NOT_PAGED, **about, user_id=owner.id, reason=refused)
