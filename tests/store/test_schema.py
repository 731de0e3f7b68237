"""The migrations and the row classes describe the same tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from opsknight.domain.store.engine import Database
from opsknight.domain.store.migrate import prepare
from opsknight.domain.store.tables import Base
from tests.clock import NOON
from tests.clusters import Addresses

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

COLUMNS = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
""")
RIGHTS_AND_ROWS = text("""
    SELECT relname, relkind, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT epoch::text, '', encode(secret, 'hex') FROM installation
""")


async def test_every_column_is_what_its_row_class_says(database: Database):
    async with database.screens() as session:
        migrated = {tuple(row) for row in await session.execute(COLUMNS)}

    dialect = postgresql.dialect()
    declared = {
        (table.name, column.name, column.type.compile(dialect).lower().replace(", ", ","), bool(column.nullable))
        for table in Base.metadata.tables.values()
        for column in table.columns
    }
    assert migrated == declared


async def test_migrating_again_changes_nothing(addresses: Addresses, database: Database):
    async def everything() -> list[str]:
        async with database.screens() as session:
            return sorted(str(row) for row in await session.execute(RIGHTS_AND_ROWS))

    await prepare(addresses.owner_dsn, now=NOON, app_role="opsknight_app", months=3)
    before = await everything()

    await prepare(addresses.owner_dsn, now=NOON, app_role="opsknight_app", months=3)

    assert await everything() == before


async def test_a_schema_newer_than_the_program_is_left_alone(addresses: Addresses, owner: Connection):
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")

    await prepare(addresses.owner_dsn, now=NOON, app_role="opsknight_app", months=3)

    assert await owner.fetchval("SELECT version_num FROM alembic_version") == "9999"
