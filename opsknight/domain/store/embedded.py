"""Our own PostgreSQL: made on first start, run as our child, restarted when it dies.

Nothing listens on the network. This process's user is the owner by the peer check of its unix
socket; the application's role has a generated password. Stopping is orderly (SIGINT); if this
process is killed, the kernel passes SIGINT on, and the next start waits for what is still running.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import asyncpg
import structlog

from opsknight.domain.store import embedded_files as files
from opsknight.domain.store import embedded_leftovers as leftovers
from opsknight.domain.store.embedded_account import Account, EmbeddedUnavailable, server_account

__all__ = ["Embedded", "EmbeddedUnavailable", "running_dsn"]

log = structlog.get_logger(__name__)

DATABASE: Final = "opsknight"
_START_WITHIN_S: Final = 120.0
"""Recovery after a crash replays at most max_wal_size; longer than this means that something is wrong."""
_STOP_STEPS: Final = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0))
_LOCK_WITHIN_S: Final = 1.5
"""A process that was killed a moment ago may not have let go yet."""
_WATCH_EVERY_S: Final = 0.1
_TRY_AGAIN_MAX_S: Final = 5.0


class Embedded:
    """A PostgreSQL server in `data_dir`, up inside `async with`.

    `settings` go before the defaults of `embedded_files.SETTINGS`; tests make it small with them.
    Run `watch` in a task of your own: it brings the server back when it dies.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Name the data directory; nothing happens yet."""
        self.restarts = 0
        self._data_dir = data_dir.absolute()
        self._settings = dict(settings or {})
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._stopping = False
        self._account: Account
        self._places: files.Places
        self._password = ""

    @property
    def place(self) -> Path:
        """Where its data lies, once it was started."""
        return self._places.data

    async def __aenter__(self) -> Self:
        """Start the server and return once it answers.

        Raises:
            EmbeddedUnavailable: it cannot run here; the text says why.
        """
        try:
            self._account = server_account()
            files.make_directory(self._data_dir, self._account)
            self._lock = await _locked(self._data_dir)
            await asyncio.to_thread(self._prepare)
            await self._start()
            await self._ensure_roles()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server in an orderly way."""
        await self._end()

    @property
    def owner_dsn(self) -> str:
        """Where migrations connect: as the owner of the database, by peer."""
        return self.dsn(files.OWNER)

    @property
    def app_dsn(self) -> str:
        """Where the application connects: no DDL, and no change to the ledger. Holds the password."""
        return self.dsn(files.APP)

    @property
    def admin_dsn(self) -> str:
        """Where a superuser connects, by peer; for backups and for tests."""
        return self.dsn(files.SUPERUSER, database="postgres")

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._child.pid if self.running and self._child is not None else None

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._child is not None and self._child.poll() is None

    def dsn(self, role: str, *, database: str = DATABASE) -> str:
        """Return the address of `database` for `role`, as asyncpg and SQLAlchemy read it."""
        return _dsn(role, database, self._places.socket, self._password if role == files.APP else "")

    async def watch(self) -> None:
        """Bring the server back whenever it dies; runs until cancelled and never raises on its own."""
        pause_s = _WATCH_EVERY_S
        while not self._stopping:
            await asyncio.sleep(pause_s)
            if self.running or self._stopping:
                pause_s = _WATCH_EVERY_S
                continue
            code = self._child.returncode if self._child else None
            log.warning("database server died; starting it again", exit_code=code)
            try:
                await self._restart()
            except Exception as error:  # noqa: BLE001  # whatever it was, without a database there is nothing to do but try
                pause_s = min(pause_s * 2, _TRY_AGAIN_MAX_S)
                log.error("database server did not start; again in %.1f s", pause_s, error=str(error))  # noqa: TRY400

    def _prepare(self) -> None:
        self._places = files.lay_out(self._data_dir, self._account)
        files.init_cluster(self._places, self._account, sync=self._settings.get("fsync") != "off")
        files.configure(self._places, self._account, self._settings)
        self._password = files.app_password(self._places.password)
        leftovers.clear(self._places.data, sockets=self._places.socket)

    async def _restart(self) -> None:
        started = time.monotonic()
        await asyncio.to_thread(leftovers.clear, self._places.data, sockets=self._places.socket)
        await self._start()
        self.restarts += 1
        log.warning("database server is back", after_s=round(time.monotonic() - started, 2))

    async def _start(self) -> None:
        """Start the server as our child and wait until it, and no other, answers."""
        with self._places.log.open("wb") as output:
            self._child = subprocess.Popen(  # noqa: ASYNC220, S603  # brief, and in the thread that lives on
                [str(self._places.binaries / "postgres"), "-D", str(self._places.data)],
                cwd="/", env=files.ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, preexec_fn=_ends_with_us(),  # noqa: PLW1509  # it only makes one call to the kernel
                **self._account.switch(),
            )  # fmt: skip
        until = time.monotonic() + _START_WITHIN_S
        while not await self._answers():
            if not self.running:
                raise EmbeddedUnavailable(f"PostgreSQL did not start: {_last_words(self._places)}")
            if time.monotonic() > until:
                raise EmbeddedUnavailable(
                    f"PostgreSQL did not answer within {_START_WITHIN_S:.0f} s: {_last_words(self._places)}"
                )
            await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        """Whether a connection works; the pid file alone may say “ready” for a server that was killed."""
        if self._child is None or leftovers.postmaster_pid(self._places.data) != self._child.pid:
            return False
        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=3)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        await connection.close()
        return True

    async def _ensure_roles(self) -> None:
        """Make the owner, the application's role and the database where they are missing."""
        connection = await asyncpg.connect(self.admin_dsn, timeout=3)
        try:
            for role in (files.OWNER, files.APP):
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                    await connection.execute(f"CREATE ROLE {role} LOGIN")
            quoted = await connection.fetchval("SELECT quote_literal($1)", self._password)
            await connection.execute(f"ALTER ROLE {files.APP} PASSWORD {quoted}")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {files.OWNER}")
                await connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            await connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {files.APP}")
        finally:
            await connection.close()

    async def _end(self) -> None:
        self._stopping = True
        if self._child is not None:
            for how, patience_s in _STOP_STEPS:
                if not self.running:
                    break
                self._child.send_signal(how)
                await _until(lambda: not self.running, patience_s)
        if hasattr(self, "_places") and self._places.socket.parent != self._places.data.parent:
            shutil.rmtree(self._places.socket, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


async def running_dsn(data_dir: Path) -> str | None:
    """Return where the application connects if an OpsKnight runs with `data_dir` now, else None.

    For the commands of the terminal, which may meet a running installation or an idle one.
    """
    status = data_dir / "cluster" / "data" / "postmaster.pid"
    try:
        socket = Path(status.read_text().splitlines()[4])
        dsn = _dsn(files.APP, DATABASE, socket, (data_dir / "app-password").read_text().strip())
        connection = await asyncpg.connect(dsn, timeout=3)
    except (OSError, IndexError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    await connection.close()
    return dsn


def _dsn(role: str, database: str, socket: Path, password: str) -> str:
    login = f"{role}:{quote(password)}" if password else role
    return f"postgresql://{login}@/{database}?host={quote(str(socket), safe='/')}"


async def _locked(data_dir: Path) -> int:
    """Take the data directory for this process; the kernel gives it back however the process ends."""
    lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + _LOCK_WITHIN_S
    while not _try_lock(lock):
        if time.monotonic() > until:
            holder = os.read(lock, 20).decode().strip() or "unknown"
            os.close(lock)
            raise EmbeddedUnavailable(
                f"OpsKnight already runs with the data directory {data_dir} (process {holder})."
                " Stop it first, or set OPSKNIGHT_DATA_DIR to another directory."
            )
        await asyncio.sleep(0.05)
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ends_with_us() -> Callable[[], object] | None:
    """Return what the child runs before the server: ask the kernel for SIGINT when our thread ends.

    It is the thread that starts the child, so the child must not be started from a pool's thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork as little as possible may happen
    return lambda: prctl(1, int(signal.SIGINT), 0, 0, 0)  # PR_SET_PDEATHSIG


def _last_words(places: files.Places) -> str:
    """Return what the server last complained about, in its own log or before that began."""
    logs = sorted((places.data / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
    for path in (places.log, *reversed(logs)):
        with suppress(OSError):
            lines = path.read_text(errors="replace").splitlines()
            bad = [line for line in lines[-50:] if re.search(r"FATAL|PANIC|HINT|ERROR|postgres: ", line)]
            if any("HINT:  Future log output" not in line for line in bad):
                return " ".join(bad[-3:])
    return f"see {places.log} and {places.data / 'log'}."


async def _until(done: Callable[[], bool], patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while not done() and time.monotonic() < until:  # noqa: ASYNC110  # a process that ends sets no event
        await asyncio.sleep(0.01)
