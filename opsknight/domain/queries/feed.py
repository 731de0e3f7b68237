"""The change feed: facts in the order in which readers may trust them.

A transaction with a lower id may take a higher sequence number and commit first, so the cursor is
(epoch, transaction, sequence), and only facts of transactions below every one still open are settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

AT_ONCE = 2000


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the ledger. Its text is a board's revision; compare only within one epoch."""

    epoch: str
    xid: int
    seq: int

    def __str__(self) -> str:
        """Return it as `epoch.transaction.sequence`."""
        return f"{self.epoch}.{self.xid}.{self.seq}"


class Entry(NamedTuple):
    """One fact as the feed sees it. `settled` is false while an older transaction is still open.

    A tuple, as it is made for every fact there is.
    """

    xid: int
    seq: int
    kind: str
    incident_id: UUID | None
    subject: str
    settled: bool

    def cursor(self, epoch: str) -> Cursor:
        """Return the place right after this fact."""
        return Cursor(epoch, self.xid, self.seq)


_HERE = text("""
    SELECT substr(epoch::text, 1, 8), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, -1 FROM installation
""")
_PAST = text(f"""
    SELECT xid::text::bigint, seq, kind, incident_id, subject, xid < pg_snapshot_xmin(pg_current_snapshot())
    FROM facts WHERE (xid, seq) > (CAST(CAST(:xid AS text) AS xid8), :seq) AND at > :since
        AND xid < pg_snapshot_xmax(pg_current_snapshot())
    ORDER BY xid, seq LIMIT {AT_ONCE}
""")  # noqa: S608  # a number of ours


async def here(session: AsyncSession) -> Cursor:
    """Return the cursor that everything settled lies before."""
    return Cursor(*(await session.execute(_HERE)).one())


async def past(session: AsyncSession, cursor: Cursor, *, since: datetime) -> Sequence[Entry]:
    """Return at most AT_ONCE facts after `cursor`, oldest first, unsettled ones last.

    `since` is a lower bound of the facts' instants; it only spares the reading of old partitions. Facts of
    transactions that this cluster has not begun were restored from another one; they are history, not news.
    """
    values = {"xid": str(max(cursor.xid, 0)), "seq": cursor.seq, "since": since}
    return list(map(Entry._make, await session.execute(_PAST, values)))
