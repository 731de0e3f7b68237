"""The databases of tests: who has one next finds it as new, and one that cannot be as new is not handed on."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import text

from opsknight.domain.store.engine import connect
from tests.builders import a_user
from tests.clusters import Addresses, Cluster
from tests.lent import Pools

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


async def _rows(addresses: Addresses) -> dict[str, list[asyncpg.Record]]:
    reader = await connect(addresses.admin_dsn, purpose="tests")
    found = {name: await reader.fetch(f"SELECT * FROM {name}") for (name,) in await reader.fetch(TABLES)}  # noqa: S608
    await reader.close()
    return found


async def test_what_one_test_wrote_the_next_does_not_find(cluster: Cluster, pools: Pools):
    lent, new = cluster.lend(), cluster.new_database()
    await pools.turn_to(lent.app_dsn)
    first = await a_user(pools, email="ada@example.org")

    cluster.take_back(lent, staying=pools.staying)

    again = cluster.lend()
    assert (again, await _rows(again)) == (lent, await _rows(new))
    assert (await a_user(pools, email="ada@example.org")).id == first.id, "numbers begin anew"
    cluster.take_back(again, staying=pools.staying)
    cluster.drop(new)


@pytest.mark.parametrize(
    "deed",
    [
        "ALTER TABLE users DISABLE TRIGGER ALL",
        "CREATE TABLE of_one_test ()",
        "ALTER TABLE incidents ALTER title SET DEFAULT 'of one test'",
        "INSERT INTO ledger_readers SELECT repeat(number::text, 9), 0, 0 FROM generate_series(1, 20000) number",
        "ANALYZE users, installation",
    ],
)
async def test_what_is_changed_for_good_is_not_handed_on(cluster: Cluster, deed: str):
    lent = cluster.lend()
    owner = await connect(lent.admin_dsn, purpose="tests")
    await owner.execute(deed)
    await owner.close()

    cluster.take_back(lent)

    assert cluster.lend() != lent


async def test_who_is_left_over_is_sent_away_with_what_they_hold(cluster: Cluster):
    lent = cluster.lend()
    stranger = await connect(lent.app_dsn, purpose="tests")
    await stranger.execute("BEGIN; LOCK TABLE users IN SHARE MODE")

    cluster.take_back(lent)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await stranger.execute("SELECT 1")
    again = cluster.lend()
    cluster.take_back(again)
    assert again == lent


async def test_a_connection_of_the_pools_that_still_holds_something_is_not_handed_on(cluster: Cluster, pools: Pools):
    lent = cluster.lend()
    await pools.turn_to(lent.app_dsn)
    async with pools.sessions() as session:
        await session.execute(text("SELECT pg_advisory_lock(7)"))

    cluster.take_back(lent, staying=pools.staying)

    assert cluster.lend() != lent
