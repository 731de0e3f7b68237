"""Services that something may be added to: those that are not archived, and are not while it is added."""

from __future__ import annotations

from sqlalchemy import select

from opsknight.domain.store.tables import ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict


async def live_service(uow: UnitOfWork, service_id: int) -> ServiceRow | None:
    """Return a service that is not archived before the unit of work has ended; None where there is none.

    Raises:
        Conflict: it is archived.
    """
    held = select(ServiceRow).where(ServiceRow.id == service_id).with_for_update(read=True, key_share=True)
    row = await uow.session.scalar(held.execution_options(populate_existing=True))
    if row is not None:
        refuse_archived(row)
    return row


def refuse_archived(row: ServiceRow) -> None:
    """Return when a service is not archived.

    Raises:
        Conflict: it is.
    """
    if row.archived_at is not None:
        raise Conflict(f"“{row.name}” is archived. Bring it back under Services → Archived first, or choose another.")
