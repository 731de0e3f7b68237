"""Writing what became of messages, many at once: what ends while one commit is in flight goes into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from opsknight.deps import retryable
from opsknight.domain.model.attempt import Attempt

AT_ONCE: Final = 100
"""Attempts in one commit."""
GATHERS_S: Final = 0.005
"""How long what became of one waits for what becomes of others, while many calls are under way: a commit of twelve
costs hardly less than one of thirty."""
FEW: Final = 16
"""So many are not waited for."""
Told = TypeVar("Told")
Write: TypeAlias = Callable[[Sequence[tuple[Attempt, Told]]], Awaitable[Sequence[bool]]]
"""Stores in one transaction what became of these; says of each whether it was still ours."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Told]):
    attempt: Attempt
    outcome: Told
    ours: asyncio.Future[bool]


class OutcomeWriter(Generic[Told]):
    """Gathers what became of messages. Whoever comes to the turn writes for all who wait, `at_once` at most.

    `many` says whether so much is under way that it is worth waiting for more.
    """

    def __init__(self, write: Write[Told], *, many: Callable[[], bool], at_once: int = AT_ONCE) -> None:
        """Keep how a batch is written."""
        self._write = write
        self._many = many
        self._at_once = at_once
        self._waiting: list[_Waiting[Told]] = []
        self._turn = asyncio.Lock()

    async def written(self, attempt: Attempt, outcome: Told) -> bool:
        """Return once it is stored what became of `attempt`, and whether it was still ours.

        Raises what the database said; nothing is stored of it then, or nobody knows.
        """
        mine = _Waiting(attempt, outcome, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        async with self._turn:
            if not mine.ours.done() and len(self._waiting) < FEW and self._many():
                await asyncio.sleep(GATHERS_S)
            if not mine.ours.done():
                batch, self._waiting = self._waiting[: self._at_once], self._waiting[self._at_once :]
                try:
                    await self._write_all(batch)
                except asyncio.CancelledError:  # the others go on without us
                    self._waiting[:0] = [one for one in batch if one is not mine and not one.ours.done()]
                    raise
        return await mine.ours

    async def _write_all(self, batch: Sequence[_Waiting[Told]]) -> None:
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
