"""Marks, every few seconds, that this process takes events and pings: silence counts only while somebody does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from opsknight.domain.commands.hearing import mark_hearing
from opsknight.domain.model.hearing import MARK_EVERY

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)


class Hearer:
    """Marks from its start on; each mark is one small row, written again."""

    def __init__(self, deps: Deps) -> None:
        """Begin without a mark."""
        self._deps = deps
        self._begins = True

    async def run(self) -> None:
        """Mark until the process stops; while the database is away there is no mark, and so nobody hears."""
        while not self._deps.stopping.is_set():
            await self.mark()
            await asyncio.sleep(MARK_EVERY.total_seconds())

    async def mark(self) -> None:
        """Mark once, as far as the database lets us."""
        try:
            async with self._deps.engine_commands("system:hearing") as uow:
                after = await mark_hearing(uow, begins=self._begins)
                told = after.since == uow.now and after.deaf_from is not None
        except Exception as error:  # noqa: BLE001  # it outlives every fault of the database
            log.warning("it could not be marked that we hear", again_in_s=MARK_EVERY.total_seconds(), error=repr(error))
            return
        self._begins = False
        if told:
            log.warning("monitors could not reach us; their silence waits", away_s=round(after.away.total_seconds()))
