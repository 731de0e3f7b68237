"""A Prosody as Debian packages it, with a configuration and accounts of its own, on free ports of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bounds import PATIENCE_S
from tests.clusters import reachable_directory
from tests.peers.certificates import Certificate, certificate
from tests.ports import free_port
from tests.server import until

PROGRAM = shutil.which("prosody")

_CONFIG = """
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
run_as_root = true
admins = {{ }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "smacks", "offline" }}
modules_disabled = {{ "s2s", "http", "admin_shell", "admin_socket" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ {direct} }}
c2s_require_encryption = true
authentication = "internal_hashed"
storage = "internal"
certificates = "{folder}"
log = {{ info = "{folder}/log" }}
ssl = {{ key = "{key}", certificate = "{chain}" }}
c2s_direct_tls_ssl = {{ key = "{key}", certificate = "{chain}" }}
VirtualHost "peer.test"
Component "rooms.peer.test" "muc"
"""


class Running:
    """Where it listens (STARTTLS, and TLS from the start), and what its certificate is."""

    def __init__(self, port: int, direct: int, made: Certificate) -> None:
        self.port = port
        self.direct = direct
        self.certificate = made


@contextmanager
def prosody(accounts: Mapping[str, str]) -> Iterator[Running]:
    """Run one that serves peer.test and rooms.peer.test, with `accounts` by their names."""
    folder = reachable_directory()
    running = Running(free_port(), free_port(), certificate(folder))
    files = {"key": running.certificate.key, "chain": running.certificate.chain}
    config = folder / "prosody.cfg.lua"
    config.write_text(_CONFIG.format(folder=folder, port=running.port, direct=running.direct, **files))
    (folder / "data").mkdir()
    if os.geteuid() == 0:  # its control program gives up the rights of root
        for one in (folder, *folder.iterdir()):
            shutil.chown(one, "prosody", "prosody")
    for name, password in accounts.items():
        _control(config, "register", name, "peer.test", password)
    log = (folder / "printed").open("wb")
    process = subprocess.Popen([str(PROGRAM), "--config", str(config), "-F"], stdout=log, stderr=log)
    try:
        until(lambda: _answers(running.port) and _answers(running.direct), within_s=PATIENCE_S)
        yield running
    finally:
        process.terminate()
        process.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _control(config: Path, *words: str) -> None:
    subprocess.run(["prosodyctl", "--config", str(config), *words], check=True, capture_output=True)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
