"""What an installation is stays the same until its data turns up somewhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from opsknight.domain.store.engine import Database, connect
from opsknight.domain.store.installation import ensure_installation
from opsknight.domain.store.migrate import prepare
from tests.clock import NOON
from tests.clusters import Addresses, Cluster

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

ALL = "SELECT epoch, system_identifier, secret, vapid_private_pem, vapid_public FROM installation"


@pytest.fixture
async def bare(cluster: Cluster, addresses: Addresses) -> AsyncIterator[Connection]:
    """The owner's connection to a database without a schema."""
    owner = await connect(addresses.owner_dsn, purpose="tests")
    await owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield owner
    await owner.close()


async def test_a_restart_changes_nothing(owner: Connection):
    await ensure_installation(owner, now=NOON)
    before = await owner.fetchrow(ALL)

    await ensure_installation(owner, now=NOON)

    assert await owner.fetchrow(ALL) == before


async def test_a_copy_in_another_place_begins_a_new_epoch_and_keeps_its_secrets(owner: Connection):
    await ensure_installation(owner, now=NOON)
    before = await owner.fetchrow(ALL)
    await owner.execute("UPDATE installation SET system_identifier = 'the cluster it was restored from'")

    await ensure_installation(owner, now=NOON)

    after = await owner.fetchrow(ALL)
    assert after["epoch"] != before["epoch"]
    assert (after["secret"], after["vapid_public"]) == (before["secret"], before["vapid_public"])


async def test_processes_that_start_at_once_migrate_once(bare: Connection, addresses: Addresses):
    starts = [prepare(addresses.owner_dsn, now=NOON, app_role="opsknight_app", months=1) for _ in range(3)]

    await asyncio.gather(*starts)

    assert await bare.fetchval("SELECT count(*) FROM installation") == 1
    assert await bare.fetchval("SELECT count(*) FROM alembic_version") == 1


async def test_a_migration_that_cannot_finish_leaves_nothing_behind(bare: Connection, addresses: Addresses):
    await bare.execute("CREATE TABLE facts (in_the_way int)")  # the last part of the first revision will trip over it

    with pytest.raises(Exception, match="already exists"):
        await prepare(addresses.owner_dsn, now=NOON, months=1)

    tables = [
        row["tablename"] for row in await bare.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    assert set(tables) - {"alembic_version"} == {"facts"}


async def test_a_database_of_its_own_user_needs_no_second_role(bare: Connection, addresses: Addresses):
    await prepare(addresses.owner_dsn, now=NOON, app_role=None, months=1)

    with pytest.raises(Exception, match="append-only"):
        await bare.execute("DELETE FROM facts")


@pytest.mark.parametrize(
    "was",
    ["7000000000000000001/1/16385", "{cluster}/{timeline}/1", "{cluster}/9/{database}", "database/1"],
    ids=["another cluster", "another database", "a timeline that is over", "a host that tells less"],
)
async def test_a_copy_in_another_place_is_not_armed(owner: Connection, was: str):
    await _settle(owner)
    await owner.execute("UPDATE installation SET system_identifier = $1", was.format(**await _place(owner)))

    await ensure_installation(owner, now=NOON)

    assert await owner.fetchval("SELECT restored_at FROM installation") == NOON


async def test_a_standby_that_took_over_begins_a_new_epoch_and_stays_armed(owner: Connection):
    await _settle(owner)
    before = await owner.fetchrow(ALL)
    place = await _place(owner)
    await owner.execute("UPDATE installation SET system_identifier = $1", "{cluster}/0/{database}".format(**place))

    await ensure_installation(owner, now=NOON)

    assert (await owner.fetchrow(ALL))["epoch"] != before["epoch"]
    assert await owner.fetchval("SELECT restored_at FROM installation") is None


async def test_what_is_said_to_be_armed_wherever_it_is_found_is_armed(owner: Connection):
    await _settle(owner)
    await owner.execute("UPDATE installation SET system_identifier = 'the cluster it was moved from'")

    await ensure_installation(owner, now=NOON, armed=True)

    assert await owner.fetchval("SELECT restored_at FROM installation") is None


async def test_a_restart_arms_nothing(owner: Connection):
    await ensure_installation(owner, now=NOON)
    await owner.execute("UPDATE installation SET restored_at = $1", NOON)

    await ensure_installation(owner, now=NOON)

    assert await owner.fetchval("SELECT restored_at FROM installation") == NOON


async def test_the_application_may_arm_the_installation_and_change_nothing_else_of_it(database: Database):
    async with database.commands() as session:
        await session.execute(text("UPDATE installation SET restored_at = NULL"))
    async with database.commands() as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("UPDATE installation SET vapid_public = ''"))


async def _settle(owner: Connection) -> None:
    """Let the database be at home where it is, armed; it is a copy of the one that all tests share."""
    await ensure_installation(owner, now=NOON)
    await owner.execute("UPDATE installation SET restored_at = NULL")


async def _place(owner: Connection) -> dict[str, str]:
    found = str(await owner.fetchval("SELECT system_identifier FROM installation"))
    return dict(zip(("cluster", "timeline", "database"), found.split("/"), strict=True))
