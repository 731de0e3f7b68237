"""Where messages for native windows are put, as the channel `window` sees it: the database, and the bell after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from opsknight.domain.commands import windows
from opsknight.domain.model.window import Presence
from opsknight.domain.store.unit_of_work import UnitOfWork

ACTOR: Final = "timer:window"


@dataclass(frozen=True, slots=True)
class Drawer:
    """What may be done in one unit of work; it counts when that has ended well."""

    uow: UnitOfWork
    ring: Callable[[], object]

    async def put(self, address: str, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> Presence:
        """Put a message for the window at `address`, where it is open; say how it was found."""
        self.uow.after_commit(self.ring)
        return await windows.put(self.uow, address, message_id, payload, lasts=lasts)

    async def replace(self, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> None:
        """Have a message that was put say something else."""
        self.uow.after_commit(self.ring)
        await windows.replace(self.uow, message_id, payload, lasts=lasts)

    async def has(self, message_id: UUID) -> bool:
        """Say whether a message was put."""
        return await windows.has(self.uow, message_id)


@dataclass(frozen=True, slots=True)
class WindowPost:
    """Opens units of work by `units`, and has `ring` tell every process that there is news."""

    units: Callable[[str], AbstractAsyncContextManager[UnitOfWork]]
    ring: Callable[[], object]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Drawer]:
        """Open one unit; before it is given out, nothing was written."""
        async with self.units(ACTOR) as uow:
            await uow.session.connection()
            yield Drawer(uow, self.ring)
