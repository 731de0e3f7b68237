"""The change feed has connections of its own: boards that all read at once do not silence it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from sqlalchemy import text

from opsknight.deps import Deps
from opsknight.domain.store.engine import SCREENS, Database
from opsknight.settings import Settings
from tests.bounds import PATIENCE_S, WIDER
from tests.clock import StoppedClock
from tests.clusters import Addresses


async def test_the_feed_is_read_while_every_connection_of_the_screens_is_busy(
    addresses: Addresses, clock: StoppedClock
):
    deps = Deps(Settings(_env_file=None), clock)
    await deps.open(Database(addresses.app_dsn, patience=WIDER))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(deps.close)
        for _ in range(SCREENS.size):
            session = await stack.enter_async_context(deps.reading())
            await session.execute(text("SELECT 1"))
        running = asyncio.get_running_loop().create_task(deps.hub.run())
        try:
            async with asyncio.timeout(PATIENCE_S), deps.hub.subscribe() as messages:
                await anext(messages)
        finally:
            running.cancel()
