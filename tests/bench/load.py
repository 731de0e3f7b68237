"""Loads that are sent to a server on loopback, bounded in count and time, and what came of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE = Path(__file__).parent
EVENTS = {"fifty": 50, "fifty_again": 50}
"""In each request, by mode; one in all others."""

EACH_ALONE: Final = {"BUNDLE_AFTER": "0"}
"""Every page is a message of its own, though all go to one person: what one costs is what is measured."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk measured."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    events: int = 1
    """In each request."""

    @property
    def rate(self) -> float:
        """Events answered with 2xx, a second."""
        return (self.requests - self.refused) * self.events / self.seconds


async def wrk(
    base_url: str, path: str, *, mode: str, connections: int, seconds: int, seed: int, pause_ms: int = 0
) -> Load:
    """Send Alertmanager webhooks for `seconds` over `connections`; `mode` as in events.lua.

    Each connection rests `pause_ms` between an answer and its next request.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "events.lua")]
    process = await asyncio.create_subprocess_exec(
        *command, base_url, "--", mode, path, str(seed), str(pause_ms), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), seconds + 30)
    for line in out.decode().splitlines():
        if line.startswith("RESULT "):
            return Load(**json.loads(line.removeprefix("RESULT ")), events=EVENTS.get(mode, 1))
    raise RuntimeError(f"wrk said nothing to measure: {out.decode()[-500:]}")
