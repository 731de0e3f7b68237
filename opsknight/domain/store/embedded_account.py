"""The system account that runs our PostgreSQL, and which directories it can reach.

PostgreSQL refuses to run as root. Under root it runs as a system user of its own, which cannot
enter a private home directory; nobody's permissions are changed for that.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from opsknight.errors import CannotStart

SYSTEM_USER: Final = "opsknight"
SYSTEM_HOME: Final = Path("/var/lib/opsknight")


class EmbeddedUnavailable(CannotStart):
    """The embedded PostgreSQL cannot run here; the text says why and what now, for a person."""


class Switch(TypedDict, total=False):
    """What `subprocess` takes to become another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server. `other` is True when that is not the account of this process."""

    name: str
    uid: int
    gid: int
    other: bool

    def switch(self) -> Switch:
        """Return the arguments with which `subprocess` becomes this account; none where it is that already."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}

    def own(self, path: Path) -> Path:
        """Make `path`, which this process has just created, the account's; return it."""
        if self.other:
            os.chown(path, self.uid, self.gid)
        return path


def server_account() -> Account:
    """Return the account for the server: this process's own, or the system user under root.

    Raises:
        EmbeddedUnavailable: there is no such account and none can be made.
    """
    if os.geteuid() == 0:
        return _system_account()
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedUnavailable(
            f"PostgreSQL cannot start: the user number {os.geteuid()} has no name on this machine."
            " Run OpsKnight as a named user, or set OPSKNIGHT_DATABASE_URL."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=False)


def this_user() -> str:
    """Return the system name of this process's user, as PostgreSQL's peer check will see it."""
    return pwd.getpwuid(os.geteuid()).pw_name


def can_enter(path: Path, account: Account) -> bool:
    """Return whether `account` may enter the directory (or run the program) `path`, as all above it allow."""
    found = path.resolve()
    return not account.other or all(_may_enter(place, account) for place in (found, *found.parents))


def _may_enter(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _system_account() -> Account:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)


def _add_system_user() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise EmbeddedUnavailable(
            f"PostgreSQL does not run as root, and there is no useradd to make the system user “{SYSTEM_USER}”."
            " Add that user, run OpsKnight as another user than root, or set OPSKNIGHT_DATABASE_URL."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", str(SYSTEM_HOME), "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # a fixed command
    if made.returncode not in (0, 9):  # 9: another process has just added it
        raise EmbeddedUnavailable(
            f"PostgreSQL does not run as root, and the system user “{SYSTEM_USER}” could not be made:"
            f" {made.stderr.strip()}"
        )
