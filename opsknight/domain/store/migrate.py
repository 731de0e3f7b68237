"""Bring the database to what this release needs, as its owner: schema, partitions, rights, the installation.

Any number of processes may start at once; an advisory lock lets one of them do it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from opsknight.domain.store.engine import connect, plain_dsn
from opsknight.domain.store.installation import ensure_installation
from opsknight.domain.store.partitions import MONTHS_AHEAD, drop_empty, extend, grants_on

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

log = structlog.get_logger(__name__)

_LOCK: Final = 0x0B5_0001
"""The advisory lock of migrations: “OpsKnight, number one”."""
_PATIENCE: Final = "120s"
_SCRIPTS: Final = Path(__file__).with_name("migrations")


async def prepare(
    owner_dsn: str,
    *,
    now: datetime,
    app_role: str | None = None,
    months: int = MONTHS_AHEAD,
    armed: bool = False,
) -> None:
    """Migrate, make partitions `months` ahead, grant `app_role` its rights and write the installation row.

    Repeatable: a database that is up to date stays as it is. `app_role` is None where the
    application connects as the owner, as it may with an external database; then the trigger alone
    guards the ledger. What is found in another place pages nobody until it is armed, unless it is `armed` whatever
    happens. A schema newer than this release is left alone: releases work on the next one's schema.
    """
    owner = await connect(owner_dsn, purpose="migration")
    try:
        await owner.execute(f"SET lock_timeout = '{_PATIENCE}'; SET statement_timeout = 0")
        await owner.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _upgrade(owner, owner_dsn)
        await owner.execute("SET lock_timeout = '3s'")
        await extend(owner, now=now, app_role=app_role, months=months)
        if app_role is not None:
            await _grant(owner, app_role)
        await ensure_installation(owner, now=now, armed=armed)
    finally:
        await owner.close()  # and with it goes the lock


async def tend_partitions(owner_dsn: str, *, now: datetime, kept: timedelta, app_role: str | None = None) -> None:
    """Make the partitions of the coming months, and drop those that are older than `kept` and empty; for every day."""
    owner = await connect(owner_dsn, purpose="partitions")
    try:
        await extend(owner, now=now, app_role=app_role)
        await owner.execute("SET lock_timeout = '1s'")  # whoever writes meanwhile must not wait behind us
        await drop_empty(owner, before=now - kept)
    finally:
        await owner.close()


async def _upgrade(owner: Connection, dsn: str) -> None:
    scripts = ScriptDirectory.from_config(_config())
    present = await _revision(owner)
    if present == scripts.get_current_head():
        return
    if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
        log.warning("the database was migrated by a newer OpsKnight; working with it as it is", revision=present)
        return
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: connect(plain_dsn(dsn), purpose="migration"), poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()
    log.info("database migrated", before=present, now=scripts.get_current_head())


def _run(connection: SyncConnection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


async def _revision(owner: Connection) -> str | None:
    if await owner.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    revision = await owner.fetchval("SELECT version_num FROM alembic_version")
    return None if revision is None else str(revision)


async def _grant(owner: Connection, role: str) -> None:
    """Give `role` exactly what it needs: no DDL, and no second thoughts about the ledger."""
    tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    async with owner.transaction():
        await owner.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
        await owner.execute(f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}"')
        await owner.execute(f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{role}"')
        for table in sorted(row["tablename"] for row in tables):
            await owner.execute(f'GRANT {grants_on(table)} ON {table} TO "{role}"')
