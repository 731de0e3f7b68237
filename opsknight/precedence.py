"""Who goes first on the one loop: what a person or a page waits for, before a storm of events.

A storm has always more to do, and each of its batches would come between the many short steps of an
acknowledge or a page. So ingest holds its next batch back while such steps are under way, but never
for long: events are only less urgent, not unwanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

GIVE_WAY_S: Final = 0.02
"""How long a batch is held back at most, in seconds; with full batches that still lets thousands in a second."""


class Precedence:
    """Counts what goes first now."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._under_way = 0
        self._over = asyncio.Event()
        self._over.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """Go first for as long as the block runs."""
        self._under_way += 1
        self._over.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._over.set()

    async def give_way(self) -> None:
        """Return when nothing goes first, or after GIVE_WAY_S."""
        if not self._under_way:
            return
        try:
            async with asyncio.timeout(GIVE_WAY_S):
                await self._over.wait()
        except TimeoutError:
            return
