"""All that a board needs when it opens, read at one instant of the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.queries import board, feed
from opsknight.domain.queries.board import BoardLine, Filter
from opsknight.domain.queries.oncall import Duty, NextShift, on_call_and_next
from opsknight.domain.queries.sessions import Viewer


class You(TypedDict):
    """Who looks at the board."""

    id: int
    name: str
    role: str
    next_shift: NextShift | None


class Snapshot(TypedDict):
    """A board as it is at `rev`; what comes after arrives over the socket.

    `rows` and `total` are what the filter lets through, the other numbers are of the whole board.
    """

    rev: str
    now: float
    rows: Sequence[BoardLine]
    total: int
    counts: dict[str, int]
    oldest_unacknowledged_at: float | None
    by_service: list[dict[str, Any]]
    on_call: Sequence[Duty]
    you: You


async def snapshot(session: AsyncSession, wanted: Filter, *, viewer: Viewer, now: datetime) -> Snapshot:
    """Return the board through `wanted` for `viewer`. Must be the first thing that `session` reads.

    Raises:
        NotFound: there is no board of that name.
    """
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    rev = await feed.here(session)
    whole = await board.summary(session, now=now)
    on_call, next_shift = await on_call_and_next(session, at=now, you=viewer.id)
    return Snapshot(
        rev=str(rev),
        now=now.timestamp(),
        rows=await board.lines(session, wanted),
        total=whole["total"] if wanted.is_plain else await board.count(session, wanted),
        counts=whole["counts"],
        oldest_unacknowledged_at=whole["oldest_unacknowledged_at"],
        by_service=whole["by_service"],
        on_call=on_call,
        you=You(
            id=viewer.id,
            name=viewer.name,
            role=viewer.role.value,
            next_shift=next_shift,
        ),
    )
