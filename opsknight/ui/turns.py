"""A page that reads again does so once at a time, so that it ends with what is newest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps


def in_turn(again: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Return `again` so that a call begins when the one before it has ended; several that wait are one.

    A list is read again by the clock and after a deed. Two reads at once end in either order, and what was read
    before the deed would stand on the page after it, until the clock reads again.
    """
    turn, waits = asyncio.Lock(), False

    @wraps(again)
    async def once() -> None:
        nonlocal waits
        if waits:  # the one that waits has not read yet
            return
        waits = True
        try:
            await turn.acquire()
        finally:
            waits = False
        try:
            await again()
        finally:
            turn.release()

    return once
