"""Starts OpsKnight again and again without importing it each time, which takes three quarters of a start.

One process for each process of the tests imports all that OpsKnight is made of, and forks for each start: from there
on it is `main.py` with an environment, output and process number of its own. Measurements and `make chaos` start
whole processes instead.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

_ROOT = Path(__file__).resolve().parents[1]
_MOST = 1 << 20
"""How long an order may be, in bytes."""


class Started:
    """An OpsKnight that was forked off, handled as a `subprocess.Popen` is."""

    def __init__(self, pid: int, ended: IO[bytes], stdout: IO[str]) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """Return its exit code once it has ended, and None until then; a signal that ended it is negative."""
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self._read()
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return its exit code; raises TimeoutExpired where it has not ended `timeout` seconds later."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("main.py", timeout)
            self._read()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, sent: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sent)

    def kill(self) -> None:
        """Pull its plug."""
        self.send_signal(signal.SIGKILL)

    def _read(self) -> None:
        self.returncode = int(self._ended.read() or b"-9")  # nothing is said where the starter itself was killed
        self._ended.close()


def start(environment: Mapping[str, str], *, cwd: str) -> Started:
    """Start OpsKnight with that environment, and what it says as text."""
    orders = _starter(os.getpid())
    heard, said = os.pipe()
    ended, end = os.pipe()
    order = json.dumps({"environment": dict(environment), "cwd": cwd}).encode()
    socket.send_fds(orders, [order], [said, end])
    os.close(said)
    os.close(end)
    pid = int(orders.recv(64))
    return Started(pid, os.fdopen(ended, "rb"), os.fdopen(heard, encoding="utf-8", errors="replace"))


@cache
def _starter(_of: int) -> socket.socket:
    """Return where this process orders starts; one is begun with the first, and ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI", "OPSK"))}
    subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.starter", str(theirs.fileno())],
        cwd=_ROOT,
        env=clean,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    return ours


def _serve(orders: socket.socket) -> None:
    """Fork for each order, and tell of each end, until nobody can order any more."""
    running: dict[int, tuple[int, int]] = {}
    door = orders.fileno()
    while True:
        for ready in select.select([door, *running], [], [])[0]:
            if ready == door:
                order, given, _, _ = socket.recv_fds(orders, _MOST, 2)
                if not order:
                    return
                said, end = given
                pid = os.fork()
                if pid == 0:
                    others = [fd for known, (_, told) in running.items() for fd in (known, told)]
                    orders.close()
                    for fd in (end, *others):
                        os.close(fd)
                    _become(json.loads(order), said)
                os.close(said)
                running[os.pidfd_open(pid)] = pid, end
                orders.send(str(pid).encode())
            else:
                pid, end = running.pop(ready)
                os.close(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                os.write(end, str(code).encode())
                os.close(end)


def _become(order: dict[str, Any], said: int) -> NoReturn:
    """Be OpsKnight in this process, which was forked off for it."""
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["cwd"])
    sys.argv = [str(_ROOT / "main.py")]
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    gc.disable()
    from opsknight import app, server  # noqa: F401  # what takes long

    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
