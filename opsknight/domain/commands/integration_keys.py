"""The keys of an integration: a new one beside the former, both live until somebody ends the former."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from opsknight.domain.commands.authority import require, require_for_service
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import IntegrationRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, NotFound

KEY_BYTES = 16


async def make_key(uow: UnitOfWork, integration_id: int) -> str:
    """Give an integration a new key and return it; the one it had stays live as the former one.

    Raises:
        NotFound: there is no such integration.
        Conflict: it has a former key still.
    """
    row = await _held(uow, integration_id)
    if row.former_key is not None:
        raise Conflict(f"“{row.name}” has two live keys already; end the former one before you make a new one.")
    row.former_key, row.key = row.key, secrets.token_hex(KEY_BYTES)
    uow.record(Fact.KEY_MADE, subject=f"integration:{integration_id}", name=row.name)
    return row.key


async def end_former_key(uow: UnitOfWork, integration_id: int) -> None:
    """Let nothing in any more that comes with the former key.

    Raises:
        NotFound: there is no such integration.
        Conflict: it has only one key.
    """
    row = await _held(uow, integration_id)
    if row.former_key is None:
        raise Conflict(f"“{row.name}” has one key only: the former one was ended before, or there never was one.")
    row.former_key = None
    uow.record(Fact.KEY_ENDED, subject=f"integration:{integration_id}", name=row.name)


async def _held(uow: UnitOfWork, integration_id: int) -> IntegrationRow:
    await require(uow, Need.CONFIGURE)
    held = select(IntegrationRow).where(IntegrationRow.id == integration_id, IntegrationRow.removed_at.is_(None))
    row = await uow.session.scalar(held.with_for_update(key_share=True))
    if row is None:
        raise NotFound("There is no such integration; it may have been removed.")
    await require_for_service(uow, row.service_id)
    return row
