"""The lock that says a worker lives: whatever happens to its connection, the worker has it again soon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import pytest

from opsknight.domain.store.claims import WORKER_LOCKS
from opsknight.domain.store.engine import Database
from opsknight.domain.store.worker_lock import WorkerLock
from tests.bounds import PATIENCE_S
from tests.clusters import Cluster

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


def one_after_the_other(*databases: Database) -> Callable[[str], Awaitable[Connection]]:
    """Return what connects to each of `databases` once, in order."""
    places = iter(databases)

    async def connect(purpose: str) -> Connection:
        return await next(places).direct(purpose)

    return connect


async def test_where_another_database_stands_in_place_of_its_own_a_worker_pages_nobody(
    database: Database, cluster: Cluster
):
    restored = cluster.new_database()
    lock = WorkerLock(ONE, connect=one_after_the_other(database, Database(restored.app_dsn)))
    await lock.acquire()
    await lock.release()

    with pytest.raises(ConnectionError, match="another database stands in place of ours"):
        await lock.acquire()

    assert not lock.held
    cluster.drop(restored)


async def test_a_worker_that_may_page_anywhere_takes_its_lock_in_another_database(database: Database, cluster: Cluster):
    moved = cluster.new_database()
    lock = WorkerLock(ONE, connect=one_after_the_other(database, Database(moved.app_dsn)), anywhere=True)
    await lock.acquire()
    await lock.release()

    await lock.acquire()

    assert lock.held
    await lock.release()
    cluster.drop(moved)
