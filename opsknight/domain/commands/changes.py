"""Writing down what was changed on a service."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from opsknight.crypto import new_id
from opsknight.domain.model.change import Change
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store.tables import ChangeRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def note(uow: UnitOfWork, integration: Integration, change: Change, *, once: bytes | None) -> bool:
    """Remember a change of the integration's service; return False where it was told before.

    `once` is the same in every repeat of one change and in no other, None where nothing tells.
    """
    row = {
        "id": new_id(),
        "service_id": integration.service_id,
        "integration_id": integration.id,
        "once": once,
        "summary": change.summary,
        "source": change.source,
        "links": [{"href": link.href, "text": link.text} for link in change.links],
        "details": dict(change.details),
        "at": change.at,
        "received_at": uow.now,
    }
    stored = await uow.session.execute(insert(ChangeRow).values(row).on_conflict_do_nothing().returning(ChangeRow.id))
    if stored.first() is None:
        return False
    uow.record(
        Fact.CHANGED,
        subject=f"service:{integration.service_id}",
        name=integration.service,
        summary=change.summary,
        source=change.source,
    )
    return True
