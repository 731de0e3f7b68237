"""Ports for servers that are told theirs before they listen."""

from __future__ import annotations

import os
import socket
from itertools import count
from typing import Final

OWN: Final = 500
"""So many are each worker's own."""
_FIRST: Final = 20_000 + OWN * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20)
"""All lie below those that a system gives to connections and to who binds to port 0."""
_tried = count(os.getpid())


def free_port() -> int:
    """Return a port of loopback that nobody listens on, and that nothing else is given before it is used."""
    while True:
        port = _FIRST + next(_tried) % OWN
        with socket.socket() as door:
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
