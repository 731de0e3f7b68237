"""How long a worker's loop has nothing to do, and what calls it back before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rest:
    """It ends after `at_most_s` seconds, or with `unless`, but not before `at_least_s`."""

    unless: asyncio.Event
    at_most_s: float
    at_least_s: float = 0.0

    async def over(self) -> None:
        """Return when it is over."""
        await asyncio.sleep(self.at_least_s)
        try:
            async with asyncio.timeout(max(0.0, self.at_most_s - self.at_least_s)):
                await self.unless.wait()
        except TimeoutError:
            return
