"""Integrations: how what a monitor sends is understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select

from opsknight.domain.commands.authority import require
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import IntegrationRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, NotFound

MAPPED: Final = "generic"
"""The provider whose JSON may be anybody's; the others' format is known."""


async def map_fields(uow: UnitOfWork, integration_id: int, mapping: Mapping[str, Any]) -> None:
    """Find our fields in what `integration_id` receives by `mapping` from now on; {} is the generic format itself.

    Raises:
        NotFound: there is no such integration.
        Conflict: its provider has a format of its own.
    """
    await require(uow, Need.CONFIGURE)
    held = select(IntegrationRow).where(IntegrationRow.id == integration_id).with_for_update(key_share=True)
    row = await uow.session.scalar(held)
    if row is None:
        raise NotFound("There is no such integration.")
    if row.provider != MAPPED:
        raise Conflict(f"“{row.name}” has the format of {row.provider}; only generic integrations have a mapping.")
    if row.mapping == mapping:
        return
    row.mapping = dict(mapping)
    subject = f"integration:{integration_id}"
    uow.record(Fact.CONFIGURED, subject=subject, name=f"the field mapping of {row.name}")
