"""A Postfix as Debian packages it, with a configuration and a queue of its own: it passes mail on and reports of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.clusters import reachable_directory
from tests.server import until

MASTER = Path("/usr/lib/postfix/sbin/master")

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.net
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtp_dns_support_level = disabled
transport_maps = inline:{{{transports}}}
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def may_run() -> bool:
    """Say whether there is a Postfix, and the rights without which its master refuses to run."""
    return MASTER.exists() and os.geteuid() == 0


@contextmanager
def postfix(port: int, *, routes: Mapping[str, int]) -> Iterator[Path]:
    """Run one on `port` that passes the mail of each domain of `routes` on to a port of this machine; give its log."""
    folder = reachable_directory()
    for name in ("queue", "data", "conf"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    transports = ", ".join(f"{{ {domain} = smtp:[127.0.0.1]:{to} }}" for domain, to in routes.items())
    said = {"folder": folder, "daemons": MASTER.parent, "port": port, "transports": transports}
    (folder / "conf" / "main.cf").write_text(_MAIN.format(**said))
    (folder / "conf" / "master.cf").write_text(_MASTER.format(**said))
    subprocess.run(["/usr/sbin/postfix", "-c", folder / "conf", "check"], check=True, capture_output=True)
    running = subprocess.Popen([MASTER, "-c", folder / "conf", "-d"], stdin=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port), within_s=20)
        yield folder / "log"
    finally:
        running.terminate()
        running.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
