"""The whole product as a process of its own: started, signed in to, stopped and killed as people would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import httpx
import psutil

from tests import starter
from tests.bounds import PATIENCE_S, WIDER
from tests.clusters import reachable_directory, set_up
from tests.faults import measure
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
START_WITHIN_S = 60.0
_NOT_PASSED_ON = ("PYTEST", "NICEGUI", "OPSKNIGHT")
"""NiceGUI behaves differently under pytest, also in a process that only inherits its environment."""
QUICK: Final = "PYTEST_VERSION" in os.environ and not measure.CHAOS
"""Whether starts leave the imports out: figures are told of whole processes."""

Process: TypeAlias = "subprocess.Popen[str] | starter.Started"


def _whole(environment: Mapping[str, str], *, cwd: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py")],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class RunningServer:
    """OpsKnight with the sample team, on a PostgreSQL of its own without another row.

    `settings` are environment variables without their prefix: `{"SMTP_URL": …}`. After a `kill` or
    `stop`, `start` begins again on the same data and port. `from_scratch` leaves it to the start to set
    its PostgreSQL up, as on a machine that never had one, and starts `main.py` as people do.
    """

    def __init__(
        self, *, settings: Mapping[str, str] | None = None, port: int | None = None, from_scratch: bool = False
    ) -> None:
        self.data_dir = reachable_directory()
        if not from_scratch and "DATABASE_URL" not in (settings or {}):
            set_up(self.data_dir)
        self.port = port or free_port()
        self.base_url = f"http://localhost:{self.port}"
        self.settings = dict(settings or {})
        self.sign_in_link = ""
        self.key = ""
        self.process: Process | None = None
        self._quick = not from_scratch and QUICK
        self.lines: list[str] = []
        self._greeted = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def start(self) -> Self:
        """Start it and return once it is ready and has said where to sign in."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        environment |= {"OPSKNIGHT_DISK_LEAST_PERCENT": "0", "OPSKNIGHT_DISK_LEAST_GB": "0"}  # ours may be full
        environment |= {f"OPSKNIGHT_{name}": value for name, value in self.settings.items()}
        environment |= {"OPSKNIGHT_DATA_DIR": str(self.data_dir), "OPSKNIGHT_PORT": str(self.port)}
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._greeted.clear()
        begin = starter.start if self._quick else _whole
        self.process = begin(environment, cwd=tempfile.gettempdir())
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        if not self._greeted.wait(START_WITHIN_S * WIDER):
            raise AssertionError(f"OpsKnight did not start:\n{self.log()}")
        return self

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30 * WIDER)
        finally:
            self.process = None

    def kill(self) -> None:
        """Pull its plug (SIGKILL); its PostgreSQL is left to itself."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def postmaster(self) -> psutil.Process:
        """Return the PostgreSQL server that it runs."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if "postgres" in child.name())

    def sign_in(self) -> httpx.Client:
        """Return a client that is signed in as the sample admin; the link of this start is spent by it."""
        brief = httpx.Limits(keepalive_expiry=1.0)  # the server hangs up after 5 s, perhaps while something is sent
        client = httpx.Client(
            base_url=self.base_url, headers={"Origin": self.base_url}, timeout=PATIENCE_S, limits=brief
        )
        answer = client.post(self.sign_in_link)
        assert answer.status_code == 303, answer.text
        # Browsers send Secure cookies to localhost over http; this client would not.
        name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
        client.headers["Cookie"] = f"{name}={value}"
        return client

    def fire(self, key: str = "", **said: Any) -> httpx.Response:
        """Send one event of the generic format."""
        event = {"title": "Disk full on db-1", "severity": "critical", **said}
        return httpx.post(f"{self.base_url}/api/v1/events/{key or self.key}", json=event, timeout=PATIENCE_S)

    def owner_dsn(self) -> str:
        """Return where the owner of its database connects."""
        pid_file = self.data_dir / "cluster" / "data" / "postmaster.pid"
        return f"postgresql://opsknight@/opsknight?host={pid_file.read_text().splitlines()[4]}"

    def log(self) -> str:
        """Return what it has said."""
        return "\n".join(self.lines[-200:])

    def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip())
            if found := re.search(r"Sign in, once:\s+(\S+)", line):
                self.sign_in_link = found[1]
            if found := re.search(r"/api/v1/events/(\w+)", line):
                self.key = found[1]
            if "curl" in line or "takes no events" in line:  # the last of the greeting that always comes
                self._greeted.set()


def until(what: Any, *, within_s: float, step_s: float = 0.02) -> Any:
    """Return what `what()` returns as soon as it is true; real processes cannot be waited for otherwise.

    Raises:
        AssertionError: it was not true in time.
    """
    deadline = time.monotonic() + within_s * WIDER
    while not (found := what()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within_s} s: {what}")
        time.sleep(step_s)
    return found
