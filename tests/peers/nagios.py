"""Nagios Core as Debian packages it, watching a target that can be killed, with notification commands of ours."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.monitors import Target
from tests.server import until

NAGIOS = "nagios4"
CURL = "/usr/bin/curl"
CHECK_TCP = "/usr/lib/nagios/plugins/check_tcp"
NOBODY = "nobody", "nogroup"
"""As whom it runs where the tests run as root, whom it refuses to be."""

_MAIN = """
log_file={folder}/nagios.log
cfg_file={folder}/objects.cfg
cfg_file={folder}/commands.cfg
object_cache_file={folder}/objects.cache
status_file={folder}/status.dat
state_retention_file={folder}/retention.dat
temp_file={folder}/nagios.tmp
temp_path={folder}
check_result_path={folder}/results
command_file={folder}/nagios.cmd
query_socket={folder}/nagios.qh
lock_file={folder}/nagios.pid
nagios_user={user}
nagios_group={group}
check_external_commands=1
check_for_updates=0
use_syslog=0
interval_length=1
check_result_reaper_frequency=1
status_update_interval=1
service_inter_check_delay_method=n
host_inter_check_delay_method=n
cached_host_check_horizon=0
cached_service_check_horizon=0
enable_flap_detection=0
illegal_macro_output_chars=`~$&|'"<>
"""
"""Debian's own, where it does not matter; the unit of every interval is a second."""
_OBJECTS = """
define command {{
  command_name  check-orders
  command_line  {check_tcp} -H 127.0.0.1 -p {port} -t 5
}}
define timeperiod {{
  timeperiod_name  always
  alias            Always
  sunday           00:00-24:00
  monday           00:00-24:00
  tuesday          00:00-24:00
  wednesday        00:00-24:00
  thursday         00:00-24:00
  friday           00:00-24:00
  saturday         00:00-24:00
}}
define contact {{
  contact_name                   oncall
  service_notification_period    always
  host_notification_period       always
  service_notification_options   w,u,c,r
  host_notification_options      d,u,r
  service_notification_commands  notify-service-by-opsknight
  host_notification_commands     notify-host-by-opsknight
}}
define host {{
  name                   watched
  check_interval         1
  retry_interval         1
  max_check_attempts     2
  check_period           always
  notification_period    always
  notification_interval  0
  contacts               oncall
  register               0
}}
define host {{
  use        watched
  host_name  web-1
  address    127.0.0.1
}}
define host {{
  use            watched
  host_name      db-1
  address        127.0.0.1
  check_command  check-orders
}}
define service {{
  host_name              web-1
  service_description    Orders
  check_command          check-orders
  check_interval         1
  retry_interval         1
  max_check_attempts     2
  check_period           always
  notification_period    always
  notification_interval  0
  contacts               oncall
}}
"""


def is_installed() -> bool:
    """Say whether Nagios, its plugins and curl are on this machine."""
    return shutil.which(NAGIOS) is not None and all(Path(program).exists() for program in (CHECK_TCP, CURL))


@dataclass
class Nagios:
    """A Nagios that looks every second whether `target` answers: as service Orders of web-1, and as host db-1."""

    target: Target
    folder: Path

    def acknowledge(self, comment: str) -> None:
        """Have somebody acknowledge the problem of web-1's Orders in it."""
        line = f"[{time.time():.0f}] ACKNOWLEDGE_SVC_PROBLEM;web-1;Orders;1;1;0;ada;{comment}\n"
        with (self.folder / "nagios.cmd").open("a") as commands:
            commands.write(line)

    def log(self) -> str:
        """Return what it has said."""
        return (self.folder / "nagios.log").read_text()


@contextmanager
def nagios(commands: str) -> Iterator[Nagios]:
    """Run one whose file commands.cfg is `commands`; the target is up, and it has seen it so."""
    folder = Path(tempfile.mkdtemp(prefix="opsknight-nagios-"))
    target = Target()
    process: subprocess.Popen[bytes] | None = None
    try:
        target.start()
        process = _started(folder, commands, target)
        yield Nagios(target, folder)
    finally:
        target.kill()
        if process is not None:
            process.terminate()
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path, commands: str, target: Target) -> subprocess.Popen[bytes]:
    user, group = NOBODY if os.geteuid() == 0 else (getpass.getuser(),) * 2
    (folder / "results").mkdir()
    (folder / "nagios.cfg").write_text(_MAIN.format(folder=folder, user=user, group=group))
    (folder / "objects.cfg").write_text(_OBJECTS.format(check_tcp=CHECK_TCP, port=target.port))
    (folder / "commands.cfg").write_text(commands + "\n")
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, group)
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([NAGIOS, str(folder / "nagios.cfg")], cwd=folder, stdout=said, stderr=said)
    until(lambda: _has_looked(folder, process), within_s=30)
    return process


def _has_looked(folder: Path, process: subprocess.Popen[bytes]) -> bool:
    """Say whether it has found both to be well; one that ended tells why."""
    assert process.poll() is None, (folder / "said").read_text()
    status = folder / "status.dat"
    return status.exists() and status.read_text().count("has_been_checked=1") >= 2
