"""A responder's desk for tests: acts on incidents as somebody, and looks at what the database holds then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import text

from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from tests.clock import StoppedClock
from tests.conftest import Acting

P = ParamSpec("P")
Answer = TypeVar("Answer")


class Desk:
    """Acts as `user`, or as whoever a call names."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock, user: UserRow) -> None:
        self.database = database
        self.acting = acting
        self.clock = clock
        self.user = user

    async def do(
        self, verb: Callable[Concatenate[UnitOfWork, P], Awaitable[Answer]], *args: P.args, **kwargs: P.kwargs
    ) -> Answer:
        """Carry out a command as the desk's user and commit."""
        return await self.as_(self.user, verb, *args, **kwargs)

    async def as_(
        self,
        who: UserRow | str,
        verb: Callable[Concatenate[UnitOfWork, P], Awaitable[Answer]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Answer:
        """Carry out a command as somebody else, or as an actor by name, and commit."""
        async with self.acting(who if isinstance(who, str) else f"user:{who.id}") as uow:
            return await verb(uow, *args, **kwargs)

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return what `sql` finds."""
        async with self.database.screens() as session:
            return [tuple(row) for row in await session.execute(text(sql), values)]

    async def timer(self, incident_id: UUID) -> tuple[str, int, timedelta] | None:
        """Return kind, generation and time left of the incident's only timer."""
        sql = "SELECT kind, generation, due_at FROM timers WHERE subject = :id"
        rows = await self.rows(sql, id=incident_id)
        assert len(rows) <= 1
        return (rows[0][0], rows[0][1], rows[0][2] - self.clock.now()) if rows else None

    async def statuses(self, table: str, incident_id: UUID) -> list[str]:
        """Return the statuses of the incident's rows in `table`, oldest first."""
        sql = f"SELECT status FROM {table} WHERE incident_id = :id ORDER BY id"  # noqa: S608  # a table of ours
        return [status for (status,) in await self.rows(sql, id=incident_id)]

    async def facts(self, incident_id: UUID) -> list[str]:
        """Return the kinds of the incident's facts, oldest first."""
        sql = "SELECT kind FROM facts WHERE incident_id = :id ORDER BY xid, seq"
        return [kind for (kind,) in await self.rows(sql, id=incident_id)]

    async def told(self, incident_id: UUID, kind: str) -> dict[str, Any]:
        """Return what the incident's newest fact of `kind` tells."""
        sql = "SELECT data FROM facts WHERE incident_id = :id AND kind = :kind ORDER BY xid DESC, seq DESC LIMIT 1"
        return (await self.rows(sql, id=incident_id, kind=kind))[0][0]
