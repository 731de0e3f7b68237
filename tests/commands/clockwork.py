"""The engine by hand: claims and fires what is due at the clock's instant, and looks at what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.due import fire
from opsknight.domain.store.engine import Database
from tests.clock import StoppedClock
from tests.conftest import Acting


class Clockwork:
    """Fires what is due whenever a test says so."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock) -> None:
        self.database = database
        self.acting = acting
        self.clock = clock

    async def run(self, *, after: timedelta = timedelta()) -> int:
        """Let time pass, then fire one batch; return how many timers that were."""
        self.clock.advance(after)
        async with self.acting("engine:claim") as uow:
            timers = await claim(uow, worker=1, limit=100)
        async with self.acting("timer:engine") as uow:
            await fire(uow, timers)
        return len(timers)

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return what `sql` finds."""
        async with self.database.screens() as session:
            return [tuple(row) for row in await session.execute(text(sql), values)]

    async def timer(self) -> tuple[str, timedelta] | None:
        """Return the kind of the only timer, and how long from now it is due."""
        rows = await self.rows("SELECT kind, due_at FROM timers")
        assert len(rows) <= 1
        return (rows[0][0], rows[0][1] - self.clock.now()) if rows else None

    async def paged(self) -> list[str]:
        """Return the names of everybody who was paged, in order."""
        sql = "SELECT u.name FROM pages p JOIN users u ON u.id = p.user_id ORDER BY p.id"
        return [name for (name,) in await self.rows(sql)]

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """Return what the facts of `kind` tell, oldest first."""
        return [
            data for (data,) in await self.rows("SELECT data FROM facts WHERE kind = :kind ORDER BY seq", kind=kind)
        ]
