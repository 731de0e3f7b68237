"""The ingest routes before a real database, as a monitor meets them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from opsknight.api.fetching import Fetcher
from opsknight.api.ingest import EVENTS, IngestRoutes
from opsknight.api.intake import Intake
from opsknight.deps import Deps
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from opsknight.settings import Settings
from tests.builders import an_integration
from tests.clock import StoppedClock


@dataclass
class Door:
    """A door that takes events."""

    routes: IngestRoutes
    deps: Deps
    database: Database
    fetcher: Fetcher

    async def integration(self, slug: str, secret: str, **columns: Any) -> IntegrationRow:
        """Insert an integration with a secret ("" for none), and have it known."""
        row = await an_integration(self.database, provider=slug, secret=secret, **columns)
        await self.deps.catalogue.load()
        return row

    async def send(self, integration: IntegrationRow, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.routes)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            kind = {"content-type": "application/json"}
            return await client.post(f"{EVENTS}{integration.key}", content=body, headers={**kind, **headers})

    async def count(self, table: str) -> int:
        async with self.deps.reading() as session:
            return (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608


@asynccontextmanager
async def a_door(database: Database, clock: StoppedClock, *, fetcher: Fetcher | None = None) -> AsyncIterator[Door]:
    """Open a door; what it must ask of others is asked by `fetcher`, of nobody where there is none."""
    asks = fetcher or Fetcher()
    deps = Deps(Settings(_env_file=None), clock)
    await deps.open(database)
    intake = Intake([lane.store for lane in deps.lanes], clock=clock, committed=lambda _: None)
    routes = IngestRoutes(
        httpx.ASGITransport,  # type: ignore[arg-type]
        intake=intake,
        clock=clock,
        catalogue=deps.catalogue,
        fetcher=asks,
    )
    endless = [intake.run(), intake.run_patience(), *([fetcher.run()] if fetcher else [])]
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one) for one in endless]
        yield Door(routes, deps, database, asks)
        for task in running:
            task.cancel()
    for lane in deps.lanes:
        await lane.close()
