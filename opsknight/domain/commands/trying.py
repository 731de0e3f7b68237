"""Test events: somebody sees whether what an integration is sent reaches the board."""

from __future__ import annotations

from uuid import UUID

from opsknight.domain.commands.authority import require_for_integration
from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.unit_of_work import UnitOfWork


async def announce_test(uow: UnitOfWork, integration_id: int, *, delivery_id: UUID, name: str) -> None:
    """Note that delivery `delivery_id`, which is stored next, is a test event of the integration called `name`."""
    await require_for_integration(uow, integration_id)
    uow.record(Fact.TEST_SENT, subject=f"integration:{integration_id}", name=name, delivery_id=str(delivery_id))
