"""Our own PostgreSQL starts anywhere, lets nobody else in, and comes back from whatever kills it."""

# ruff: noqa: ASYNC240  # a few files of our own, in a test

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from opsknight.domain.store import embedded_leftovers
from opsknight.domain.store.embedded import Embedded, EmbeddedUnavailable, running_dsn
from opsknight.domain.store.engine import connect
from tests.bounds import PATIENCE_S, WIDER
from tests.clusters import SMALL, reachable_directory

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has an account of its own for the server")

# A program that runs the server, writes a row, says where the server is, and then only watches it.
APP = """
import asyncio, sys
from pathlib import Path
from opsknight.domain.store.embedded import Embedded
from opsknight.domain.store.engine import connect
from tests.clusters import SMALL

async def main():
    async with Embedded(Path(sys.argv[1]), settings=SMALL) as server:
        owner = await connect(server.owner_dsn, purpose="tests")
        await owner.execute("CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)")
        print(server.pid, server.owner_dsn, flush=True)
        await server.watch()

asyncio.run(main())
"""
# Starts that program, inherits its orphans, and never waits for anybody: what a careless PID 1 does.
CARELESS_PARENT = """
import ctypes, signal, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
app = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
print(app.pid, file=sys.stderr, flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    directory = reachable_directory(in_memory=True)  # a killed process loses nothing that it had handed to the kernel
    yield directory / "data"
    shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def watched(data_dir: Path) -> AsyncIterator[Embedded]:
    async with Embedded(data_dir, settings=SMALL) as server, asyncio.TaskGroup() as group:
        watching = group.create_task(server.watch())
        yield server
        watching.cancel()


async def test_the_application_reaches_its_database_and_no_port_is_open(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL) as server:
        application = await connect(server.app_dsn, purpose="tests")

        who = await application.fetchval("SELECT current_user")
        port_open = await application.fetchval("SELECT inet_server_addr() IS NOT NULL")
        listening = await application.fetchval("SHOW listen_addresses")
        durable = await application.fetchval("SELECT current_setting('fsync') || current_setting('synchronous_commit')")

        assert (who, port_open, listening, durable) == ("opsknight_app", False, "", "onon")
        await application.close()


async def test_the_application_needs_its_password(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL) as server:
        guess = server.app_dsn.replace(":", ":wrong", 2).replace(":wrong", ":", 1)

        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect(guess, purpose="tests")

    assert (data_dir / "app-password").stat().st_mode & 0o077 == 0


@as_root
async def test_another_account_of_the_machine_is_nobody_here(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL) as server:
        socket = f"{server.owner_dsn.partition('host=')[2]}/.s.PGSQL.5432"

        look = subprocess.run(  # noqa: ASYNC221
            ["/usr/bin/stat", socket], user="nobody", cwd="/", capture_output=True, check=False
        )

    assert b"Permission denied" in look.stderr


async def test_what_was_committed_is_there_after_a_stop_and_a_start(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL) as server:
        await write(server.owner_dsn)

    async with Embedded(data_dir, settings=SMALL) as server:
        assert await kept(server.owner_dsn) == 1


async def test_a_killed_server_comes_back_with_what_was_committed(data_dir: Path):
    async with watched(data_dir) as server:
        await write(server.owner_dsn)
        killed = time.monotonic()

        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: server.restarts == 1)

        assert await kept(server.owner_dsn) == 1
        assert time.monotonic() - killed < 10 * WIDER


async def test_a_server_killed_while_it_comes_back_comes_back_all_the_same(data_dir: Path):
    async with watched(data_dir) as server:
        for _ in range(3):
            first = server.pid
            os.kill(first, signal.SIGKILL)
            await until(lambda first=first: server.pid not in (None, first))

        await until_answering(server.owner_dsn)


async def test_a_backend_that_does_not_notice_is_seen_off(data_dir: Path):
    async with watched(data_dir) as server:
        stuck = await connect(server.owner_dsn, purpose="tests")
        backend = stuck.get_server_pid()
        os.kill(backend, signal.SIGSTOP)  # it keeps the shared memory and hears nothing
        killed = time.monotonic()

        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: server.restarts == 1)

        assert time.monotonic() - killed < 10 * WIDER
        stuck.terminate()


async def test_a_second_opsknight_on_the_same_data_is_refused_in_plain_words(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL):
        with pytest.raises(EmbeddedUnavailable) as refusal:
            await Embedded(data_dir, settings=SMALL).__aenter__()

    assert str(refusal.value) == (
        f"OpsKnight already runs with the data directory {data_dir} (process {os.getpid()})."
        " Stop it first, or set OPSKNIGHT_DATA_DIR to another directory."
    )


async def test_the_terminal_s_commands_find_a_running_server_and_only_a_running_one(data_dir: Path):
    assert await running_dsn(data_dir) is None

    async with Embedded(data_dir, settings=SMALL) as server:
        assert await running_dsn(data_dir) == server.app_dsn

    assert await running_dsn(data_dir) is None


async def test_a_pid_file_with_a_stranger_s_number_is_in_nobody_s_way(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL):
        pass
    (data_dir / "cluster" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")

    async with Embedded(data_dir, settings=SMALL) as server:
        assert server.running


async def test_a_cluster_that_was_left_half_made_is_made_again(data_dir: Path):
    half = data_dir / "cluster" / "data.new"
    half.mkdir(parents=True)
    if os.geteuid() == 0:
        data_dir.chmod(0o711)
        shutil.chown(data_dir / "cluster", "opsknight", "opsknight")
    (half / "PG_VERSION").write_text("18\n")

    async with Embedded(data_dir, settings=SMALL) as server:
        assert server.running


async def test_data_of_another_version_is_left_alone_and_named(data_dir: Path):
    async with Embedded(data_dir, settings=SMALL):
        pass
    (data_dir / "cluster" / "data" / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedUnavailable, match="is of PostgreSQL 16, and this OpsKnight brings PostgreSQL 18"):
        await Embedded(data_dir, settings=SMALL).__aenter__()


async def test_a_very_long_path_is_no_obstacle(data_dir: Path):
    async with Embedded(data_dir / ("x" * 120), settings=SMALL) as server:
        assert await kept_or_none(server.owner_dsn) is None


@as_root
async def test_a_private_home_stays_private_and_the_cluster_finds_another_place(data_dir: Path):
    data_dir.mkdir(mode=0o700)
    mine = data_dir / "opsknight"

    async with Embedded(mine, settings=SMALL) as server:
        await write(server.owner_dsn)
    async with Embedded(mine, settings=SMALL) as server:
        assert await kept(server.owner_dsn) == 1

    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert (mine / "cluster").is_symlink()
    shutil.rmtree((mine / "cluster").resolve())


async def test_a_program_that_is_killed_takes_its_server_along_and_the_next_one_starts(data_dir: Path):
    app = subprocess.Popen([sys.executable, "-c", APP, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    postmaster = int((await said(app)).split()[0])

    app.kill()
    app.wait()
    async with Embedded(data_dir, settings=SMALL) as server:
        assert await kept(server.owner_dsn) == 1
        assert server.pid != postmaster


async def test_under_a_parent_that_reaps_nobody_the_server_comes_back_and_so_does_the_program(data_dir: Path):
    parent = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", CARELESS_PARENT, str(data_dir), APP],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert parent.stderr is not None
        app_pid = int(await asyncio.to_thread(parent.stderr.readline))
        pid, dsn = (await said(parent)).split()
        killed = time.monotonic()

        os.kill(int(pid), signal.SIGKILL)
        data = data_dir / "cluster" / "data"
        await until(lambda: embedded_leftovers.postmaster_pid(data) not in (None, int(pid)))
        await until_answering(dsn)

        assert time.monotonic() - killed < 10 * WIDER
        assert await kept(dsn) == 1

        os.kill(app_pid, signal.SIGKILL)  # a zombie now, and its server an orphan of the careless parent
        async with Embedded(data_dir, settings=SMALL) as server:
            assert await kept(server.owner_dsn) == 1
    finally:
        parent.kill()
        parent.wait()


async def write(dsn: str) -> None:
    owner = await connect(dsn, purpose="tests")
    await owner.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
    await owner.close()


async def kept(dsn: str) -> int:
    owner = await connect(dsn, purpose="tests")
    rows = await owner.fetchval("SELECT count(*) FROM kept")
    await owner.close()
    return rows


async def kept_or_none(dsn: str) -> object:
    owner = await connect(dsn, purpose="tests")
    table = await owner.fetchval("SELECT to_regclass('kept')::text")
    await owner.close()
    return table


async def said(program: subprocess.Popen[str]) -> str:
    """Return the line that holds the server's address; what it logs before is not of interest."""
    assert program.stdout is not None
    while "postgresql://" not in (line := await asyncio.to_thread(program.stdout.readline)):
        assert line, "the program ended before it said where its server is"
    return line


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # processes set no events
            await asyncio.sleep(0.01)


async def until_answering(dsn: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                await (await connect(dsn, purpose="tests")).close()
                return
            await asyncio.sleep(0.02)
