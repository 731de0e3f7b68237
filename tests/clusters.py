"""One throwaway PostgreSQL for a whole run of tests, and a fresh migrated database for whoever asks.

It lives on a thread of its own, so that synchronous tests, asynchronous ones and those that drive a
browser can all ask for a database. A database is a copy of a template: some 20 ms.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Collection, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from opsknight.clock import Clock
from opsknight.domain.store.embedded import Embedded
from opsknight.domain.store.embedded_files import APP, OWNER
from opsknight.domain.store.engine import connect
from opsknight.domain.store.migrate import prepare
from opsknight.domain.store.partitions import extend
from tests.clock import NOON
from tests.lent import Lent, keep_first_rows

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

T = TypeVar("T")

SMALL: Mapping[str, str] = {
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "io_workers": "1",
    "logging_collector": "off",
}
"""Little memory and few processes, as durable as ever: for tests that pull the plug."""
FAST: Mapping[str, str] = {
    **SMALL,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_duration_statement": "-1",
    "scram_iterations": "1",
    "file_copy_method": "clone",
}
"""Forgets everything in a power cut, which a throwaway database may."""

_TEMPLATE = "tests_template"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one database is: for its owner, for the application, for a superuser."""

    name: str
    owner_dsn: str
    app_dsn: str
    admin_dsn: str


def reachable_directory(*, in_memory: bool = False) -> Path:
    """Return a new directory that the server's account can enter even when the tests run as root."""
    memory = Path("/dev/shm")
    roomy = in_memory and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    shelf = memory if roomy else Path("/tmp")
    directory = Path(tempfile.mkdtemp(prefix="opsknight-tests-", dir=shelf))
    directory.chmod(0o711)
    return directory


def set_up(directory: Path) -> None:
    """Fill an empty `directory` with a PostgreSQL as the first start makes one: migrated, and without a row of ours.

    It is set up once in a process and copied then, which spares a start most of its time.
    """
    subprocess.run(["cp", "-a", f"{_set_up()}/.", str(directory)], check=True)


@cache
def _set_up() -> Path:
    directory = reachable_directory()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    with ThreadPoolExecutor(1) as apart:  # a loop may run on the thread that asks
        apart.submit(lambda: asyncio.run(_first_start(directory))).result()
    return directory


async def _first_start(directory: Path) -> None:
    async with Embedded(directory) as server:
        await prepare(server.owner_dsn, now=Clock().now(), app_role=APP)


class Cluster:
    """The server and its databases. `with Cluster() as cluster: cluster.new_database()`."""

    def __init__(self, settings: Mapping[str, str] = FAST) -> None:
        self._directory = reachable_directory(in_memory=settings.get("fsync") == "off")
        self._server = Embedded(self._directory, settings=settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster", daemon=True)
        self._numbers = count(1)
        self._admin: Connection
        self._watched: dict[Addresses, Lent] = {}
        self._free: list[Addresses] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def new_database(self) -> Addresses:
        """Return a database with the schema, without a row but the installation's."""
        addresses = self._addresses(f"test_{next(self._numbers)}")
        self._run(
            self._sql(f'CREATE DATABASE {addresses.name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY OWNER "{OWNER}"')
        )
        return addresses

    def drop(self, addresses: Addresses) -> None:
        """Drop a database, whoever is still connected."""
        self._run(self._sql(f"DROP DATABASE IF EXISTS {addresses.name} WITH (FORCE)"))

    def lend(self) -> Addresses:
        """Return a database like a new one, which `take_back` takes."""
        if self._free:
            return self._free.pop()
        addresses = self.new_database()
        self._watched[addresses] = self._run(Lent.watch(addresses.admin_dsn))
        return addresses

    def take_back(self, addresses: Addresses, *, staying: Collection[int] = ()) -> None:
        """Empty a database for whoever comes next, or drop it where that cannot be; connections may be `staying`."""
        if self._run(self._watched[addresses].emptied(staying)):
            self._free.append(addresses)
            return
        self._run(self._watched.pop(addresses).close())
        self.drop(addresses)

    async def _start(self) -> None:
        await self._server.__aenter__()
        self._admin = await connect(self._server.admin_dsn, purpose="tests")
        await self._sql(f'CREATE DATABASE {_TEMPLATE} OWNER "{OWNER}"')
        template = self._addresses(_TEMPLATE)
        await prepare(template.owner_dsn, now=Clock().now(), app_role=APP, months=3)
        owner = await connect(template.owner_dsn, purpose="tests")
        await extend(owner, now=NOON, app_role=APP, months=3)
        await owner.close()
        admin = await connect(template.admin_dsn, purpose="tests")
        await keep_first_rows(admin)
        await admin.close()

    async def _stop(self) -> None:
        for lent in self._watched.values():
            await lent.close()
        await self._admin.close()
        await self._server.__aexit__(None, None, None)

    async def _sql(self, statement: str) -> None:
        await self._admin.execute(statement)

    def _addresses(self, name: str) -> Addresses:
        of = self._server.dsn
        return Addresses(name, of(OWNER, database=name), of(APP, database=name), of("postgres", database=name))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
