"""The chart of an integration costs what its own traffic costs, and never more than its bound."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from opsknight.domain.queries import traffic
from opsknight.domain.store.engine import Database
from tests.clock import NOON
from tests.store.test_plans import most_rows, plan

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

QUIET, LOUD = 7, 100_001


async def test_a_chart_reads_its_own_deliveries_only_and_those_from_an_index_alone(
    database: Database, owner: Connection
):
    await owner.execute(
        "INSERT INTO deliveries (id, received_at, integration_id, status, body)"
        " SELECT gen_random_uuid(), $1::timestamptz - g * interval '0.8 s', $2,"
        " CASE WHEN g % 10 = 0 THEN 'rejected' ELSE 'accepted' END, '{}' FROM generate_series(1, 100000) g",
        NOON,
        LOUD,
    )
    await owner.execute("VACUUM ANALYZE deliveries")
    bounds = {"first": NOON - timedelta(hours=23), "last": NOON}

    quiet = await plan(database, traffic._HOURS, integration_id=QUIET, **bounds)
    loud = await plan(database, traffic._HOURS, integration_id=LOUD, **bounds)

    assert most_rows(quiet) <= 24
    read = [node for node in loud if node["Actual Loops"] and node.get("Relation Name", "turned_away") != "turned_away"]
    assert {(node["Node Type"], node["Relation Name"]) for node in read} == {("Index Only Scan", "deliveries_2026_11")}
