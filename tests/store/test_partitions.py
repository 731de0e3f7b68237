"""Rows that only ever grow have a home for a year ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from opsknight.domain.store.embedded_files import APP
from opsknight.domain.store.engine import Database
from opsknight.domain.store.migrate import tend_partitions
from opsknight.domain.store.partitions import drop_empty, extend, months_ahead
from tests.clock import NOON
from tests.clusters import Addresses

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

NEW_YEAR_2040 = datetime(2040, 1, 1, tzinfo=UTC)
A_FACT = "INSERT INTO facts (at, kind, actor) VALUES ($1, 'opened', 'user:1')"


async def test_a_year_ahead_is_made_and_counted(database: Database, owner: Connection):
    made = await extend(owner, now=NEW_YEAR_2040, app_role="opsknight_app")

    async with database.health() as session:
        ahead = await months_ahead(session, now=NEW_YEAR_2040)
    assert (len(made), ahead) == (39, 12)
    assert {"facts_2040_01", "events_2040_12", "deliveries_2041_01"} <= set(made)


async def test_making_them_again_makes_nothing(owner: Connection):
    await extend(owner, now=NEW_YEAR_2040, months=2)

    assert await extend(owner, now=NEW_YEAR_2040, months=2) == []


async def test_a_month_later_only_the_new_month_is_made(owner: Connection):
    await extend(owner, now=NEW_YEAR_2040, months=2)

    made = await extend(owner, now=NEW_YEAR_2040 + timedelta(days=31), months=2)

    assert set(made) == {"deliveries_2040_04", "events_2040_04", "facts_2040_04"}


async def test_the_months_ahead_end_where_one_table_has_a_hole(database: Database, owner: Connection):
    await extend(owner, now=NEW_YEAR_2040, months=4)
    await owner.execute("DROP TABLE events_2040_03")

    async with database.health() as session:
        assert await months_ahead(session, now=NEW_YEAR_2040) == 1


async def test_the_last_instant_of_a_month_and_the_first_of_the_next_both_have_a_home(
    database: Database, owner: Connection
):
    await extend(owner, now=NEW_YEAR_2040, app_role="opsknight_app", months=1)
    february = datetime(2040, 2, 1, tzinfo=UTC)
    application = await database.direct("tests")

    for at in (february - timedelta(microseconds=1), february):
        await application.execute(A_FACT, at)

    found = [
        row["at"] for row in await application.fetch("SELECT tableoid::regclass::text AS at FROM facts ORDER BY at")
    ]
    assert sorted(found) == ["facts_2040_01", "facts_2040_02"]
    await application.close()


async def test_a_row_without_a_home_is_refused_loudly(owner: Connection):
    with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
        await owner.execute(A_FACT, NEW_YEAR_2040)


async def test_writers_are_not_held_up_while_a_partition_is_made(database: Database, owner: Connection):
    application = await database.direct("tests")
    writing = application.transaction()
    await writing.start()
    await application.execute(A_FACT, NOON)

    await owner.execute("SET lock_timeout = '1s'")
    made = await extend(owner, now=NEW_YEAR_2040, months=0)

    assert len(made) == 3
    await writing.rollback()
    await application.close()


async def test_the_daily_round_makes_what_is_to_come_and_drops_what_retention_has_emptied(
    addresses: Addresses, owner: Connection
):
    await extend(owner, now=NEW_YEAR_2040, months=0)

    await tend_partitions(
        addresses.owner_dsn, now=datetime(2040, 6, 1, tzinfo=UTC), kept=timedelta(days=90), app_role=APP
    )

    found = {row["relname"] for row in await owner.fetch("SELECT relname FROM pg_class WHERE relname LIKE '%_20%'")}
    assert {"facts_2040_01", "events_2040_06", "events_2041_06"} <= found
    assert not {"events_2040_01", "deliveries_2040_01"} & found


async def test_only_old_partitions_of_raw_data_that_hold_nothing_are_dropped(owner: Connection):
    await extend(owner, now=NEW_YEAR_2040, months=2)
    await owner.execute(
        "INSERT INTO deliveries (id, received_at, integration_id, status, body)"
        " VALUES (gen_random_uuid(), $1, 1, 'accepted', '')",
        NEW_YEAR_2040,
    )

    dropped = await drop_empty(owner, before=datetime(2040, 3, 1, tzinfo=UTC))

    of_2040 = {name for name in dropped if "_2040_" in name}
    assert of_2040 == {"deliveries_2040_02", "events_2040_01", "events_2040_02"}
    assert not any(name.startswith("facts") for name in dropped)
