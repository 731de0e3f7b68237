"""The one row that says what this installation is, written by the owner at every start.

The epoch names one unbroken line of history. It changes when the data turns up in another cluster,
on another timeline or in another database, as after a restore: whoever holds a cursor reads again.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg

from opsknight.crypto import new_vapid

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

_WHERE: Final = """
SELECT system.system_identifier || '/' || checkpoint.timeline_id || '/' || d.oid
FROM pg_control_system() system, pg_control_checkpoint() checkpoint, pg_database d
WHERE d.datname = current_database()
"""
_WHERE_AT_LEAST: Final = "SELECT 'database/' || oid FROM pg_database WHERE datname = current_database()"
_WRITE: Final = """
INSERT INTO installation (epoch, system_identifier, secret, vapid_private_pem, vapid_public, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, system_identifier = excluded.system_identifier
    WHERE installation.system_identifier <> excluded.system_identifier
"""


async def ensure_installation(owner: Connection, *, now: datetime) -> None:
    """Write the installation's secrets once, and a new epoch whenever the data is found in another place."""
    private_pem, public = new_vapid()
    await owner.execute(_WRITE, uuid4(), await _where(owner), secrets.token_bytes(32), private_pem, public, now)


async def _where(owner: Connection) -> str:
    """Return what tells this copy of the data from every other one."""
    try:
        return str(await owner.fetchval(_WHERE))
    except asyncpg.InsufficientPrivilegeError:  # some hosted databases keep pg_control to themselves
        return str(await owner.fetchval(_WHERE_AT_LEAST))
