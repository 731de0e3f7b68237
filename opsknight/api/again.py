"""Doing a unit of work again where the database asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from opsknight.deps import retryable

T = TypeVar("T")

PAUSES_S: Final = (0.02, 0.1)
"""Before the second and the third try."""


async def again(attempt: Callable[[], Awaitable[T]]) -> T:
    """Return what `attempt` does, a whole unit of work; it is tried three times at most.

    After a lost connection the first try may have been committed: ids are chosen before it.
    """
    for pause_s in PAUSES_S:
        try:
            return await attempt()
        except Exception as error:
            if not retryable(error):
                raise
        await asyncio.sleep(pause_s)
    return await attempt()
