"""What the page of an integration asks all the time reads what it tells, however much the others send."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import TextClause

from opsknight.domain.queries import deliveries
from opsknight.domain.store.engine import Database
from tests.clock import NOON
from tests.store.test_plans import most_rows, plan

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

QUIET, LOUD = 7, 100_001


@pytest.fixture
async def many_deliveries(owner: Connection) -> None:
    """Thousands of deliveries of loud integrations, half of them refused."""
    await owner.execute(
        "INSERT INTO deliveries (id, received_at, integration_id, status, body)"
        " SELECT gen_random_uuid(), $1::timestamptz + g * interval '1 ms', 100000 + g % 3,"
        " CASE WHEN g % 2 = 0 THEN 'rejected' ELSE 'accepted' END, '' FROM generate_series(1, 20000) g",
        NOON - timedelta(minutes=1),
    )
    await owner.execute("ANALYZE deliveries")


@pytest.mark.parametrize("statement", [deliveries._ALL, deliveries._REFUSED], ids=["all", "refused"])
@pytest.mark.parametrize("integration_id", [QUIET, LOUD])
async def test_the_last_deliveries_of_an_integration_are_read_and_no_others(
    database: Database, many_deliveries: None, statement: TextClause, integration_id: int
):
    nodes = await plan(database, statement, integration_id=integration_id, limit=deliveries.SHOWN)

    assert most_rows(nodes) <= 2 * deliveries.SHOWN


async def test_whether_something_arrived_is_one_look(database: Database, many_deliveries: None):
    nodes = await plan(database, deliveries._NEWEST, integration_id=LOUD)

    assert most_rows(nodes) <= 2
