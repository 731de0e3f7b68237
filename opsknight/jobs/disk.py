"""Looks at the room on the disk of the database every minute, and tells before there is none."""

from __future__ import annotations

import asyncio
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from opsknight import metrics
from opsknight.domain.commands.disk import note_room, tell_low
from opsknight.domain.model.disk import Disk, is_low
from opsknight.jobs.rest import Rest

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 60.0
ACTOR: Final = "system:disk"


def read(place: Path) -> Disk:
    """Return how much room there is on the file system of `place`. Raises OSError where that cannot be read."""
    usage = shutil.disk_usage(place)
    return Disk(f"{platform.node()}:{place}", usage.free, usage.total)


class DiskWatch:
    """Keeps in `deps.low_disk` whether little room is left at `place`, and in the metrics how much."""

    def __init__(self, deps: Deps, place: Path, *, read: Callable[[Path], Disk] = read) -> None:
        """Prepare to look; `read` asks the file system."""
        self._deps = deps
        self._place = place
        self._read = read

    async def run(self) -> None:
        """Look for as long as the process runs; what cannot be read or told is tried again at the next look."""
        while not self._deps.stopping.is_set():
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # a full disk is just when the database refuses
                log.warning("the room on the disk could not be told", again_in_s=LOOK_EVERY_S, error=repr(error))
            await Rest(self._deps.stopping, LOOK_EVERY_S).over()

    async def look(self) -> None:
        """Look once, and tell what follows."""
        disk = await asyncio.to_thread(self._read, self._place)  # a network's file system may hang
        metrics.DISK_FREE_BYTES.set(disk.free)
        metrics.DISK_TOTAL_BYTES.set(disk.total)
        was_low = self._deps.low_disk is not None
        low = is_low(disk, self._deps.settings.least_room, was_low=was_low)
        self._deps.low_disk = disk if low else None
        if low and not was_low:
            log.error("little room is left on the disk", where=disk.where, free_bytes=disk.free, of_bytes=disk.total)
        if low or was_low:
            async with self._deps.engine_commands(ACTOR) as uow:
                await (tell_low(uow, disk) if low else note_room(uow, disk))
