"""Whether we could hear what reports to us, as it was marked last."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.hearing import Hearing
from opsknight.domain.store.tables import HearingRow

_COLUMNS = (HearingRow.heard_at, HearingRow.since, HearingRow.deaf_from)


async def hearing(session: AsyncSession) -> Hearing | None:
    """Return what was marked last, None where nothing ever was."""
    row = (await session.execute(select(*_COLUMNS))).one_or_none()
    return None if row is None else Hearing(*row)
