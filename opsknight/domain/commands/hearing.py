"""Marking that we can hear: a durable row, so that whoever looks at silence knows when we could not."""

from __future__ import annotations

from sqlalchemy import select, text

from opsknight.domain.model.hearing import Hearing, marked
from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.tables import HearingRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_FIRST = text("""
    INSERT INTO hearing (heard_at, since) VALUES (:now, :now) ON CONFLICT (only_one) DO NOTHING
""")


async def mark_hearing(uow: UnitOfWork, *, begins: bool = False) -> Hearing:
    """Mark that events and pings can be taken now. The end of a break is a fact.

    `begins` says that the process has just started, so that even a short time without a mark was a break.
    """
    row = (await uow.session.execute(select(HearingRow).with_for_update())).scalar_one_or_none()
    if row is None:
        await uow.session.execute(_FIRST, {"now": uow.now})
        return marked(None, at=uow.now, begins=begins)
    before = Hearing(row.heard_at, row.since, row.deaf_from)
    after = marked(before, at=uow.now, begins=begins)
    row.heard_at, row.since, row.deaf_from = after.heard_at, after.since, after.deaf_from
    if after.since != before.since:
        uow.record(Fact.HEARD_AGAIN, subject="opsknight", for_s=after.away.total_seconds())
    return after
