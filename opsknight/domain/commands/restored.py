"""A restored copy is armed: from then on it pages people, beginning with what has fallen due meanwhile."""

from __future__ import annotations

from sqlalchemy import text

from opsknight.domain.commands.authority import require
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.store.unit_of_work import UnitOfWork

_ARM = text("""
    WITH held AS (SELECT restored_at FROM installation WHERE restored_at IS NOT NULL FOR UPDATE)
    UPDATE installation i SET restored_at = NULL FROM held WHERE i.restored_at IS NOT NULL RETURNING held.restored_at
""")


async def arm(uow: UnitOfWork) -> str:
    """Let a restored copy page people, and return in a sentence what that does; one that is armed stays so.

    Raises:
        SignInRequired, Forbidden: admins only.
    """
    await require(uow, Need.ADMINISTER)
    restored_at = (await uow.session.execute(_ARM)).scalar_one_or_none()
    if restored_at is None:
        return "It is armed already: people are paged."
    uow.record(Fact.ARMED, subject="opsknight", for_s=(uow.now - restored_at).total_seconds())
    return "Armed: people are paged from now on, and first of all that is still open and fell due meanwhile."
