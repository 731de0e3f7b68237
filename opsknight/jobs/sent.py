"""Writing what was sent, many at once: what ends while one commit is in flight goes together into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from opsknight.deps import retryable
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.notification import Sent

AT_ONCE: Final = 100
"""Attempts in one commit."""
Write: TypeAlias = Callable[[Sequence[tuple[Attempt, Sent]]], Awaitable[Sequence[bool]]]
"""Stores in one transaction that these were sent; says of each whether it was still ours."""


@dataclass(slots=True, eq=False)
class _Waiting:
    attempt: Attempt
    outcome: Sent
    ours: asyncio.Future[bool]


class SentWriter:
    """Gathers what was sent. Whoever comes to the turn writes for all who wait."""

    def __init__(self, write: Write) -> None:
        """Keep how a batch is written."""
        self._write = write
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def written(self, attempt: Attempt, outcome: Sent) -> bool:
        """Return once it is stored that `attempt` was sent, and whether it was still ours.

        Raises what the database said; nothing is stored of it then, or nobody knows.
        """
        mine = _Waiting(attempt, outcome, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        async with self._turn:
            if not mine.ours.done():
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                try:
                    await self._write_all(batch)
                except asyncio.CancelledError:  # the others go on without us
                    self._waiting[:0] = [one for one in batch if one is not mine and not one.ours.done()]
                    raise
        return await mine.ours

    async def _write_all(self, batch: Sequence[_Waiting]) -> None:
        try:
            ours = await self._write([(one.attempt, one.outcome) for one in batch])
        except Exception as error:  # noqa: BLE001  # each of them is told
            if len(batch) > 1 and not retryable(error):  # one of them cannot be stored; the others can
                for one in batch:
                    await self._write_all([one])
                return
            for one in batch:
                one.ours.set_exception(error)
            return
        for one, is_ours in zip(batch, ours, strict=True):
            one.ours.set_result(is_ours)
