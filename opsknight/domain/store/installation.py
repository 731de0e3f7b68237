"""The one row that says what this installation is, written by the owner at every start.

The epoch names one unbroken line of history. It changes when the data turns up in another cluster,
on another timeline or in another database, as after a restore: whoever holds a cursor reads again.

A restored copy also pages nobody until somebody arms it: all that was due since the dump would ring at once, also
where it only rehearses beside the one that works. A standby that took over is no copy: it pages on.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg
import structlog

from opsknight.crypto import new_vapid

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

log = structlog.get_logger(__name__)

_WHERE: Final = """
SELECT system.system_identifier || '/' || checkpoint.timeline_id || '/' || d.oid
FROM pg_control_system() system, pg_control_checkpoint() checkpoint, pg_database d
WHERE d.datname = current_database()
"""
_WHERE_AT_LEAST: Final = "SELECT 'database/' || oid FROM pg_database WHERE datname = current_database()"
_WRITE: Final = """
INSERT INTO installation (epoch, system_identifier, secret, vapid_private_pem, vapid_public, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, system_identifier = excluded.system_identifier,
    restored_at = CASE WHEN $7 THEN installation.restored_at ELSE excluded.created_at END
    WHERE installation.system_identifier <> excluded.system_identifier
RETURNING restored_at
"""
_BEFORE: Final = "SELECT system_identifier FROM installation"


async def ensure_installation(owner: Connection, *, now: datetime, armed: bool = False) -> None:
    """Write the installation's secrets once, and a new epoch whenever the data is found in another place.

    What is found there pages nobody until it is armed, unless it is `armed` whatever happens, or the standby of
    where it was. Call it under the lock of migrations.
    """
    private_pem, public = new_vapid()
    before, here = await owner.fetchval(_BEFORE), await _where(owner)
    pages_on = armed or (before is not None and took_over(before, here))
    restored_at = await owner.fetchval(
        _WRITE, uuid4(), here, secrets.token_bytes(32), private_pem, public, now, pages_on
    )
    if restored_at is not None:
        log.warning("this is a restored copy: it pages nobody until an admin arms it", was=before, now=here)


def took_over(before: str, here: str) -> bool:
    """Say whether `here` is a standby of `before` that was promoted: the same database on a later timeline.

    A recovery to an earlier moment begins a timeline as well, and nothing tells it apart.
    """
    old, new = before.split("/"), here.split("/")
    if len(old) != len(new) or len(new) != 3:
        return False
    return (old[0], old[2]) == (new[0], new[2]) and int(old[1]) < int(new[1])


async def _where(owner: Connection) -> str:
    """Return what tells this copy of the data from every other one."""
    try:
        return str(await owner.fetchval(_WHERE))
    except asyncpg.InsufficientPrivilegeError:  # some hosted databases keep pg_control to themselves
        return str(await owner.fetchval(_WHERE_AT_LEAST))
