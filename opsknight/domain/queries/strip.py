"""What the strip on top of every page tells: who is on call, one's next shift, and how much burns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.queries import board, feed
from opsknight.domain.queries.oncall import Duty, NextShift, on_call_and_next


class Counts(TypedDict):
    """What burns."""

    high_unacknowledged: int


class Strip(TypedDict):
    """The strip as it is at `rev`, for whoever asks."""

    rev: str
    now: float
    on_call: Sequence[Duty]
    next_shift: NextShift | None
    counts: Counts


async def strip(session: AsyncSession, *, you: int, now: datetime) -> Strip:
    """Return what the strip of `you` tells. Must be the first thing that `session` reads."""
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    rev = await feed.here(session)
    whole = await board.summary(session, now=now)
    on_call, next_shift = await on_call_and_next(session, at=now, you=you)
    return Strip(
        rev=str(rev),
        now=now.timestamp(),
        on_call=on_call,
        next_shift=next_shift,
        counts={"high_unacknowledged": whole["counts"]["high_unacknowledged"]},
    )
