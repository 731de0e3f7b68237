"""When the sender must look again, and which channels do not get through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.full_hosts import NO_HOSTS, FullHosts
from opsknight.domain.store.claims import ARMED, elsewhere

TROUBLE_LASTS: Final = timedelta(minutes=10)
"""What went wrong longer ago is history."""
MANY: Final = 200
IN_A_ROW: Final = 3

_EARLIEST = """
    (SELECT due_at FROM notifications WHERE channel = :channel AND urgency = '{}' AND finished_at IS NULL
        AND attempts {} AND lease_until IS NULL {} ORDER BY due_at LIMIT 1)
"""


def _next(elsewhere: Mapping[str, str]) -> str:
    each = product(("high", "low"), ("= 0", "> 0"))
    earliest = ", ".join(_EARLIEST.format(urgency, tried, elsewhere.get(urgency, "")) for urgency, tried in each)
    return f"SELECT CASE WHEN {ARMED} THEN least({earliest}) END"  # least() passes over those that find nothing


_NEXT = text(_next({}))
_NEXT_ELSEWHERE = text(_next({"high": elsewhere(":full"), "low": elsewhere(":full_for_low")}))
# Ids of attempts rise with time, so their primary key finds the newest.
_LATEST = text("""
    SELECT n.channel, a.outcome, a.detail FROM attempts a JOIN notifications n ON n.id = a.notification_id
    WHERE a.id > :since AND a.outcome <> 'started' AND n.channel <> 'window' ORDER BY a.id DESC LIMIT :many
""")


async def next_due_at(session: AsyncSession, *, channel: str, full: FullHosts = NO_HOSTS) -> datetime | None:
    """Return when the next message that nobody holds is due on `channel`; None when none is, or none is claimed.

    What goes to a host that is `full` waits for its place, not for its time.
    """
    if full == NO_HOSTS:
        return (await session.execute(_NEXT, {"channel": channel})).scalar_one()
    return (await session.execute(_NEXT_ELSEWHERE, {"channel": channel, **full.values})).scalar_one()


async def troubles(session: AsyncSession, *, now: datetime) -> Mapping[str, str]:
    """Return each channel that does not get through just now, with the provider's last words.

    That is so when its newest attempt went wrong in a way that may pass, or its newest three went
    wrong in any way: one refused address is no trouble of the channel's. Nor is a native window that is closed,
    and what else can keep a message from it is the database, which is looked at by itself.
    """
    since = UUID(int=int((now - TROUBLE_LASTS).timestamp() * 1000) << 80)
    newest: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in await session.execute(_LATEST, {"since": since, "many": MANY}):
        newest[row.channel].append((row.outcome, row.detail))
    return {channel: tries[0][1] for channel, tries in newest.items() if _in_trouble([how for how, _ in tries])}


def _in_trouble(outcomes: list[str]) -> bool:
    row = outcomes[:IN_A_ROW]
    return outcomes[0] in ("retry", "ambiguous") or (len(row) == IN_A_ROW and "accepted" not in row)
