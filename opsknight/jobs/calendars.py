"""Imported calendars, read again every quarter of an hour: a few at a time, and none holds up another."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from opsknight.calendars import read_again
from opsknight.deps import Deps
from opsknight.domain.queries.calendar_sources import Source, due
from opsknight.errors import NotFound

log = structlog.get_logger(__name__)

ACTOR: Final = "housekeeping:calendars"
AT_ONCE: Final = 4


async def refresh(deps: Deps) -> int:
    """Read again the calendars that are due, and return how many; what goes wrong with one is its own affair."""
    async with deps.reading() as session:
        waiting = await due(session, at=deps.clock.now())
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> None:
        async with turn:
            try:
                await read_again(deps, source, actor=ACTOR)
            except NotFound:
                return  # removed while it was fetched
            except Exception as error:  # noqa: BLE001  # it is due again at once
                log.warning("a calendar could not be refreshed", calendar=source.id, error=repr(error))

    async with asyncio.TaskGroup() as group:
        for source in waiting:
            group.create_task(one(source))
    return len(waiting)
