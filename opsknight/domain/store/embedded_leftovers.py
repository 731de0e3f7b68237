"""What a killed PostgreSQL leaves behind: lock files, a zombie nobody reaps, processes that hold its memory.

The caller holds the lock of the data directory, so whatever runs there is nobody's any more.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from opsknight.domain.store.embedded_account import EmbeddedUnavailable

log = structlog.get_logger(__name__)

_PATIENCE: Final = ((signal.SIGINT, 6.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0))
"""How a leftover server is asked to go, and for how many seconds each: orderly, at once, by force."""
_GRACE_S: Final = 1.0
"""How long processes without their postmaster may take to notice; idle ones need milliseconds."""
_LOOK_EVERY_S: Final = 0.02


def clear(data: Path, *, sockets: Path) -> None:
    """Return when nothing runs on `data` any more and no stale lock file is in the way. It blocks.

    The server itself takes a lock file for living when a zombie, or anybody else, has its number;
    `sockets` is the directory of its sockets, which have lock files of their own.

    Raises:
        EmbeddedUnavailable: something will not go.
    """
    pid = postmaster_pid(data)
    if pid is not None:
        _end_postmaster(pid, data)
    _end_orphans(data)
    for stale in (data / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
        stale.unlink(missing_ok=True)


def postmaster_pid(data: Path) -> int | None:
    """Return the process id in postmaster.pid, or None where there is no such file or nothing in it."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    return None


def _end_postmaster(pid: int, data: Path) -> None:
    if pid < 0 and _runs_on(-pid, data):  # PostgreSQL marks a stand-alone backend so
        raise EmbeddedUnavailable(f"Somebody works on the database in {data} by hand (process {-pid}). End that first.")
    for how, patience_s in _PATIENCE:
        if pid <= 0 or not _runs_on(pid, data):
            return
        log.warning("leftover database server asked to go", pid=pid, signal=how.name)
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        _wait(lambda: not _runs_on(pid, data), patience_s)
    raise EmbeddedUnavailable(f"A PostgreSQL from before (process {pid}) still runs on {data} and cannot be ended.")


def _end_orphans(data: Path) -> None:
    """See the processes off that lost their postmaster: a new server cannot start while they hold the memory."""
    if _wait(lambda: not _orphans(data), _GRACE_S):
        return
    for pid in _orphans(data):
        log.warning("orphaned database process killed", pid=pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not _wait(lambda: not _orphans(data), 5.0):
        raise EmbeddedUnavailable(f"Processes of an earlier PostgreSQL still run on {data}: {_orphans(data)}.")


def _orphans(data: Path) -> list[int]:
    """Return the processes that work in `data`; without /proc none are known, and starting is tried again."""
    with suppress(FileNotFoundError):
        return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _works_in(int(p.name), data)]
    return []


def _runs_on(pid: int, data: Path) -> bool:
    """Return whether `pid` is a living server of `data`; a zombie and a stranger with its number are not."""
    if Path("/proc/self").exists():
        return _works_in(pid, data)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's process, so not one of ours
    return True


def _works_in(pid: int, data: Path) -> bool:
    """Return whether `pid` lives and has `data` as its working directory, as every PostgreSQL process has."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data and _is_postgres(pid)
    except OSError:
        return False  # gone, a zombie, or not ours to look at


def _is_postgres(pid: int) -> bool:
    """Return whether `pid` runs the program postgres, and not a person's shell that stands in its directory."""
    return Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)") == "postgres"


def _wait(done: Callable[[], bool], patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while not done():
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True
