"""The ingest routes with every door on a real database, called as senders call them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from opsknight.api.deployments import Deployments
from opsknight.api.drop_in.table import DropIns
from opsknight.api.ingest import IngestRoutes
from opsknight.api.intake import Intake
from opsknight.clock import Clock
from opsknight.deps import Deps
from opsknight.domain.store.engine import Database
from opsknight.settings import Settings


@dataclass
class Sender:
    """Somebody who sends, and what stands in the database then."""

    client: httpx.AsyncClient
    deps: Deps

    async def post(self, path: str, json: Any = None, **request: Any) -> httpx.Response:
        return await self.client.post(path, json=json, **request)

    async def get(self, path: str, **request: Any) -> httpx.Response:
        return await self.client.get(path, **request)

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return what `sql` finds."""
        async with self.deps.reading() as session:
            return [tuple(row) for row in await session.execute(text(sql), values)]

    async def incidents(self) -> list[tuple[str, str]]:
        """Return title and status of every incident, oldest first."""
        return [tuple(row) for row in await self.rows("SELECT title, status FROM incidents ORDER BY number")]  # type: ignore[misc]


@asynccontextmanager
async def a_sender(database: Database, clock: Clock | None = None, **headers: str) -> AsyncIterator[Sender]:
    """Give a sender whose every request has `headers`."""
    deps = Deps(Settings(_env_file=None), clock or Clock())
    await deps.open(database)
    intake = Intake([lane.store for lane in deps.lanes], clock=deps.clock, committed=lambda _: None)
    routes = IngestRoutes(
        httpx.ASGITransport,  # type: ignore[arg-type]
        intake=intake,
        clock=deps.clock,
        catalogue=deps.catalogue,
        doors=DropIns(deps).door,
        note=Deployments(deps),
    )
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    transport = httpx.ASGITransport(routes)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(intake.run()), group.create_task(intake.run_patience())]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", headers=named) as client:
            yield Sender(client, deps)
        for task in running:
            task.cancel()
    for lane in deps.lanes:
        await lane.close()


@asynccontextmanager
async def taking_events(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Give a plain client of the ingest routes."""
    async with a_sender(database) as sender:
        yield sender.client
