"""The lock that says a worker lives: whatever happens to its connection, the worker has it again soon."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg

from opsknight.domain.store.claims import WORKER_LOCKS
from opsknight.domain.store.engine import Database
from opsknight.domain.store.worker_lock import WorkerLock
from tests.bounds import PATIENCE_S

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

ONE = 1001


async def test_no_fault_of_a_connection_ends_the_keeping_of_the_lock(database: Database):
    faults: list[Exception] = [asyncpg.InternalClientError("got result for unknown protocol state"), OSError("reset")]

    async def connect(purpose: str) -> Connection:
        if faults:
            raise faults.pop(0)
        return await database.direct(purpose)

    lock = WorkerLock(ONE, connect=connect)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lock.run())
        async with asyncio.timeout(PATIENCE_S):
            while not lock.held:  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.02)
        running.cancel()


async def test_an_old_connection_that_the_server_still_believes_in_does_not_keep_the_lock_from_its_worker(
    database: Database,
):
    half_open = await database.direct("worker")
    await half_open.execute("SELECT pg_advisory_lock($1, $2)", WORKER_LOCKS, ONE)
    lock = WorkerLock(ONE, connect=database.direct)

    async with asyncio.timeout(PATIENCE_S):
        await lock.acquire()

    assert lock.held
    await lock.release()
    half_open.terminate()
