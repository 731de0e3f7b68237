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

TO_PAGES_S: Final = 0.02
"""How long a batch is held back at most for pages and boards, in seconds: they are always under way somewhere."""
TO_PEOPLE_S: Final = 0.1
"""The same for what somebody waits for with a finger on the glass; people are few."""


class _Party:
    """Counts those who go first now and are waited for up to `patience_s`."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._under_way = 0
        self._over = asyncio.Event()

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

    async def pass_by(self) -> None:
        """Return when none of them is under way, or when patience ends."""
        if not self._under_way:
            return
        try:
            async with asyncio.timeout(self._patience_s):
                await self._over.wait()
        except TimeoutError:
            return


class Precedence:
    """Whom a batch of events gives way: `people` who wait for an answer, and `pages` with all that boards are told."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self.people = _Party(TO_PEOPLE_S)
        self.pages = _Party(TO_PAGES_S)

    async def give_way(self) -> None:
        """Return when it is a batch's turn."""
        await self.pages.pass_by()
        await self.people.pass_by()
