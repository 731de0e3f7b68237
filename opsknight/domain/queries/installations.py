"""What this installation is: its secret, its Web Push keys, its epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Installation:
    """One row for all. The secrets never reach a log."""

    epoch: str
    secret: bytes = field(repr=False)
    vapid_private_pem: str = field(repr=False)
    vapid_public: str


async def installation(session: AsyncSession) -> Installation:
    """Return the installation; the migration made it."""
    row = (
        await session.execute(text("SELECT epoch::text, secret, vapid_private_pem, vapid_public FROM installation"))
    ).one()
    return Installation(*row)
