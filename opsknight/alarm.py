"""The alarm between processes: LISTEN on a connection of its own, and one coalesced NOTIFY after commits.

Never inside a transaction that writes: NOTIFY takes a lock over the whole database until the commit is
flushed (18,800 → 4,400 commits/s measured). What is lost here is found by the sweeps.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger(__name__)

CHANNEL = "opsknight"
COALESCE_S = 0.015
"""How long the first word after a rest waits for what is committed with it."""
AT_MOST_EVERY_S = 0.05
"""In a storm others have work enough for so long; each word is a transaction."""
PING_S = 5.0
AGAIN_S = 1.0


class Alarm:
    """Rings in this process what other processes committed, and tells them what this one did."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], *, ring: Callable[[], object]
    ) -> None:
        """Prepare; `connect` opens a connection outside the pools, `ring` wakes this process."""
        self._connect = connect
        self._ring = ring
        self._me = f"{os.getpid()}.{secrets.token_hex(4)}"
        self._told = asyncio.Event()

    def tell(self) -> None:
        """Let the others know soon that something was committed."""
        self._told.set()

    async def run(self) -> None:
        """Listen and tell, for ever; one log line for each connection that is lost."""
        while True:
            try:
                connection = await self._connect()
                try:
                    await connection.add_listener(CHANNEL, self._heard)
                    self._ring()  # what was committed while nobody listened
                    await self._serve(connection)
                finally:
                    connection.terminate()
            except Exception as error:  # noqa: BLE001  # the sweeps go on meanwhile
                log.warning("the alarm's connection is lost", retry_after_s=AGAIN_S, error=repr(error))
            await asyncio.sleep(AGAIN_S)

    async def _serve(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        told_at = 0.0
        while True:
            try:
                async with asyncio.timeout(PING_S):
                    await self._told.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=PING_S)
                continue
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(COALESCE_S, told_at + AT_MOST_EVERY_S - now))
            self._told.clear()
            told_at = asyncio.get_running_loop().time()
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, self._me, timeout=PING_S)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload != self._me:
            self._ring()
