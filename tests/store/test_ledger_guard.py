"""The ledger only grows: the application has no right to change it, and a trigger stops its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from opsknight.domain.store.engine import Database
from tests.clock import NOON

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

CHANGES = [
    "UPDATE facts SET kind = 'x'",
    "DELETE FROM facts",
    "TRUNCATE facts",
    "UPDATE facts_2026_11 SET kind = 'x'",
    "DELETE FROM facts_2026_11",
    "TRUNCATE facts_2026_11",
]


@pytest.mark.parametrize("change", CHANGES)
async def test_the_application_may_not_change_the_ledger(database: Database, change: str):
    application = await database.direct("tests")

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await application.execute(change)

    await application.close()


@pytest.mark.parametrize("change", CHANGES)
async def test_the_owner_is_stopped_by_the_trigger(owner: Connection, change: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="the ledger is append-only"):
        await owner.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE mine (a int)",
        "DROP TABLE facts",
        "ALTER TABLE users ADD x int",
        "DROP TRIGGER facts_append_only ON facts",
        "UPDATE installation SET epoch = gen_random_uuid()",
    ],
)
async def test_the_application_may_not_change_the_house(database: Database, change: str):
    application = await database.direct("tests")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(change)

    await application.close()


async def test_the_application_adds_to_the_ledger_and_reads_it(database: Database):
    application = await database.direct("tests")

    await application.execute(
        "INSERT INTO facts (at, kind, actor, data) VALUES ($1, 'opened', 'user:1', $2)", NOON, {"a": 1}
    )

    assert await application.fetchval("SELECT data FROM facts") == {"a": 1}
    await application.close()
