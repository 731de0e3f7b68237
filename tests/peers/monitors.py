"""Prometheus and Alertmanager as Debian packages them, watching a target that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.bounds import PATIENCE_S
from tests.peers.thread import in_thread
from tests.ports import free_port
from tests.server import until

PROMETHEUS = "prometheus"
ALERTMANAGER = "prometheus-alertmanager"
TARGET = """
import http.server, sys

class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"orders_total 7\\n")

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Metrics).serve_forever()
"""


def are_installed() -> bool:
    """Say whether both programs are on this machine."""
    return all(shutil.which(program) for program in (PROMETHEUS, ALERTMANAGER))


class Target:
    """Something that Prometheus watches: a process that serves /metrics on a port of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def instance(self) -> str:
        """What Prometheus calls it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the same port each time, and return once it answers."""
        self._process = subprocess.Popen([sys.executable, "-c", TARGET, str(self.port)])
        until(lambda: answers(f"http://{self.instance}/metrics"), within_s=30)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None


@dataclass
class Monitors:
    """A Prometheus that scrapes `target` every second, and the Alertmanager that it tells."""

    target: Target
    prometheus_url: str = ""
    alertmanager_url: str = ""

    def firing(self) -> list[dict[str, Any]]:
        """Return the alerts that Alertmanager holds."""
        found: list[dict[str, Any]] = httpx.get(f"{self.alertmanager_url}/api/v2/alerts", timeout=PATIENCE_S).json()
        return found


@contextmanager
def monitors(webhook_url: str) -> Iterator[Monitors]:
    """Run both, with a rule on `up == 0` whose alerts go to `webhook_url`; its target is up."""
    folder = Path(tempfile.mkdtemp(prefix="opsknight-monitors-"))
    ports = (free_port(), free_port())
    target = Target()
    running: list[subprocess.Popen[bytes]] = []
    try:
        target.start()
        alertmanager, prometheus = (f"127.0.0.1:{port}" for port in ports)
        running.append(_alertmanager(folder, alertmanager, webhook_url))
        running.append(_prometheus(folder, prometheus, alertmanager, target))
        for address in (alertmanager, prometheus):
            until(lambda address=address: answers(f"http://{address}/-/ready"), within_s=30)
        until(lambda: _sees(prometheus, target), within_s=30)
        yield Monitors(target, f"http://{prometheus}", f"http://{alertmanager}")
    finally:
        target.kill()
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _alertmanager(folder: Path, address: str, webhook_url: str) -> subprocess.Popen[bytes]:
    """Start an Alertmanager that tells `webhook_url` everything as soon as it can."""
    settings = {
        "route": {
            "receiver": "opsknight",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "opsknight", "webhook_configs": [{"url": webhook_url, "send_resolved": True}]}],
    }
    return _start(
        folder,
        ALERTMANAGER,
        f"--config.file={_written(folder / 'alertmanager.yml', settings)}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )


def _prometheus(folder: Path, address: str, alertmanager: str, target: Target) -> subprocess.Popen[bytes]:
    rule = {
        "alert": "InstanceDown",
        "expr": "up == 0",
        "labels": {"severity": "critical"},
        "annotations": {
            "summary": "{{ $labels.instance }} is down",
            "runbook_url": "https://runbooks.example.org/instance-down",
        },
    }
    settings = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [_written(folder / "rules.yml", {"groups": [{"name": "instances", "rules": [rule]}]})],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [target.instance]}]}],
    }
    return _start(
        folder,
        PROMETHEUS,
        f"--config.file={_written(folder / 'prometheus.yml', settings)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={address}",
    )


def _start(folder: Path, program: str, *options: str) -> subprocess.Popen[bytes]:
    with (folder / f"{program}.log").open("wb") as log:
        environment = os.environ | {"GOMAXPROCS": "1"}
        return subprocess.Popen([program, *options], cwd=folder, env=environment, stdout=log, stderr=log)


def _written(path: Path, settings: Mapping[str, Any]) -> str:
    """Write settings as JSON, which is YAML too, and return where."""
    path.write_text(json.dumps(settings))
    return str(path)


def _sees(prometheus: str, target: Target) -> bool:
    """Say whether Prometheus has found the target up."""
    query = {"query": f'up{{instance="{target.instance}"}}'}
    found = httpx.get(f"http://{prometheus}/api/v1/query", params=query, timeout=PATIENCE_S).json()["data"]["result"]
    return bool(found) and found[0]["value"][1] == "1"


def answers(url: str) -> bool:
    """Say whether something at `url` answers that all is well."""
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False


@dataclass
class Wire:
    """A piece of network between a sender and OpsKnight: passes bytes on as they are, and notes when a POST came."""

    to_port: int
    port: int = 0
    posted_at: list[float] = field(default_factory=list[float])

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it; without anybody at the other end it breaks off."""
        first = await reader.read(65_536)
        self._note(first)
        try:
            answers, onward = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.close()
            return
        onward.write(first)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pass(reader, onward))
            both.create_task(self._pass(answers, writer))

    def _note(self, chunk: bytes) -> None:
        if chunk.startswith(b"POST "):
            self.posted_at.append(time.time())

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65_536):
                self._note(chunk)
                writer.write(chunk)
                await writer.drain()
        writer.close()


@contextmanager
def wire(to_port: int) -> Iterator[Wire]:
    """Run a wire to a port of this machine, in a thread and loop of its own."""

    @asynccontextmanager
    async def run() -> AsyncIterator[Wire]:
        made = Wire(to_port)
        server = await asyncio.start_server(made.connect, "127.0.0.1", 0)
        made.port = server.sockets[0].getsockname()[1]
        try:
            yield made
        finally:
            server.close()

    with in_thread(run) as running:
        yield running
