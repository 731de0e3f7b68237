"""The questions that are asked all the time read what they return, however much waits or has been."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import Select, TextClause, text
from sqlalchemy.dialects.postgresql import asyncpg

from opsknight.crypto import new_id
from opsknight.domain.commands import retention
from opsknight.domain.commands.lane import INDEXES_ONLY
from opsknight.domain.model.incident import Status
from opsknight.domain.model.service_level import MOST
from opsknight.domain.queries import board, notifications
from opsknight.domain.queries.board import Filter
from opsknight.domain.queries.service_levels import LEVELS
from opsknight.domain.store import arrivals, claims
from opsknight.domain.store.engine import Database
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_user
from tests.clock import NOON

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

_MANY = """
    INSERT INTO notifications (id, page_id, incident_id, generation, user_id, contact_method_id, channel, urgency,
        position, status, due_at, attempts, created_at)
    SELECT gen_random_uuid(), page_id, incident_id, 1, user_id, contact_method_id, channel, urgency, 100 + g, 'queued',
        due_at + CASE WHEN g % 2 = 0 THEN interval '1 hour' ELSE - g * interval '1 ms' END,
        CASE WHEN g % 3 = 0 THEN 5 ELSE 0 END, created_at
    FROM notifications, generate_series(1, 4000) g
"""
_LONG_AGO = """
    INSERT INTO attempts (id, notification_id, number, worker, started_at)
    SELECT lpad(to_hex(row_number() OVER ()), 32, '0')::uuid, id, 1, 1, $1 FROM notifications
"""
_MANY_RESOLVED = """
    INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, opened_by, created_at,
        updated_at, resolved_at)
    SELECT gen_random_uuid(), service_id, 'Disk full on db-' || g, 'resolved', urgency, urgency, severity, opened_by,
        created_at, updated_at, updated_at
    FROM incidents, generate_series(1, 20000) g
"""


@pytest.fixture
async def many_messages(database: Database, owner: Connection) -> None:
    """Thousands of messages in the outbox: half of them due, a third tried before."""
    incident, user = await a_stored_incident(database), await a_user(database, reachable=False)
    page = await a_page(database, incident, user)
    await a_notification(database, page, await a_contact_method(database, user), position=0)
    await owner.execute(_MANY)
    await owner.execute("ANALYZE notifications")


async def plan(database: Database, statement: TextClause, **values: Any) -> list[dict[str, Any]]:
    """Run `statement` and return the nodes of its plan with what each really did."""
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    async with database.engine() as session:
        found = (await session.execute(explained, values)).scalar_one()
    return list(_nodes(found[0]["Plan"]))


async def plan_of(owner: Connection, statement: Select[Any]) -> list[dict[str, Any]]:
    """Run what SQLAlchemy would and return the nodes of its plan with what each really did."""
    compiled = statement.compile(dialect=asyncpg.dialect(), compile_kwargs={"render_postcompile": True})
    arguments = [compiled.params[name] for name in compiled.positiontup or ()]
    found = await owner.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}", *arguments)
    return list(_nodes(json.loads(found)[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def most_rows(nodes: list[dict[str, Any]]) -> float:
    """Return how many rows the busiest node looked at, those that it threw away included."""
    return max((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in nodes)


async def test_claiming_messages_reads_no_more_than_it_claims(database: Database, many_messages: None):
    values = {"now": NOON, "lease_until": NOON + timedelta(seconds=30), "worker": 1, "channel": "email"}

    nodes = await plan(database, claims._DUE_NOTIFICATIONS, limit=15, limit_low=5, **values)

    assert most_rows(nodes) <= 20


async def test_service_levels_are_told_without_reading_what_was_sent_before(
    database: Database, owner: Connection, many_messages: None
):
    await owner.execute(_LONG_AGO, NOON - timedelta(days=1))
    await owner.execute("ANALYZE attempts")
    lately = "INSERT INTO attempts (id, notification_id, number, worker, started_at) SELECT $1, id, 2, 1, $2"
    await owner.execute(f"{lately} FROM notifications LIMIT 1", new_id(), NOON)  # our own words

    hour = {"id": UUID(int=1 << 100), "since": NOON - timedelta(hours=1)}
    nodes = await plan(database, LEVELS, **hour, most=MOST)

    assert 1 <= most_rows(nodes) <= 5
    read_whole = {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
    assert read_whole.isdisjoint({"attempts", "notifications"})


async def test_when_the_next_message_is_due_is_known_without_reading_all(database: Database, many_messages: None):
    nodes = await plan(database, notifications._NEXT, channel="email")

    assert most_rows(nodes) <= 2


@pytest.mark.parametrize(
    ("statement", "types"),
    [
        (arrivals.LATEST, "bigint[], bytea[]"),
        (arrivals.HOLD, "uuid[]"),
        (arrivals.OPEN_ALERTS, "uuid[]"),
        (arrivals.CHANGE_ALERTS, "alert_change[], timestamptz"),
        (arrivals.CHANGE_INCIDENTS, "incident_change[], timestamptz"),
        (
            arrivals.STORE,
            "timestamptz, delivery_value[], event_value[], fact_value[], opening_value[], alert_change[],"  # noqa: ISC004
            " idempotency_value[], uuid[], text[], uuid[], jsonb[], jsonb[]",
        ),
    ],
    ids=["latest", "hold", "open alerts", "change alerts", "change incidents", "store"],
)
async def test_what_the_lane_prepares_on_empty_tables_looks_rows_up_by_their_keys(
    database: Database, statement: str, types: str
):
    lane = await database.lane()
    await lane.execute(INDEXES_ONLY)
    await lane.execute(f"PREPARE tried ({types}) AS {statement}")

    nothing = ", ".join("NULL" for _ in types.split(", "))
    plan = "\n".join(row[0] for row in await lane.fetch(f"EXPLAIN EXECUTE tried ({nothing})"))

    await lane.close()
    assert "Join Filter" not in plan
    assert "Seq Scan" not in plan
    assert plan.count("Index Cond") == len(re.findall(r"Index (?:Only )?Scan", plan))


@pytest.mark.parametrize("table", ["events", "deliveries"])
async def test_retention_finds_what_is_old_without_reading_what_is_not(
    database: Database, owner: Connection, table: str
):
    await owner.execute(
        "INSERT INTO deliveries (id, received_at, integration_id, status, body)"
        " SELECT uuidv7(at - clock_timestamp()), at, 1, 'accepted', 'x'"
        " FROM (SELECT $1::timestamptz + g * interval '10 minutes' AS at FROM generate_series(1, 4000) g) old",
        NOON,
    )
    await owner.execute(
        "INSERT INTO events (received_at, delivery_id, ordinal, integration_id, service_id, action, dedup_key,"
        " title, severity, verdict)"
        " SELECT received_at, id, 0, 1, 1, 'trigger', 'k', 'Disk full', 'critical', 'opened' FROM deliveries"
    )
    await owner.execute("ANALYZE events, deliveries")
    values = retention.bounds(table, before=NOON + timedelta(minutes=200))

    nodes = await plan(database, text(retention._RAW[table]), **values)

    assert most_rows(nodes) <= 200


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Filter(statuses=(Status.RESOLVED,)), 300),
        (Filter(statuses=(Status.RESOLVED,), words="disk db-1234"), 11),
        (Filter(statuses=tuple(Status), words="disk db-1234"), 11),
    ],
    ids=["the newest", "words among the resolved", "words among all"],
)
async def test_history_is_read_no_further_than_it_is_shown(
    database: Database, owner: Connection, wanted: Filter, shown: int
):
    await a_stored_incident(database)
    await owner.execute(_MANY_RESOLVED)
    await owner.execute("ANALYZE incidents")
    async with database.screens() as session:
        chosen, _ = await board._chosen(session, wanted, limit=300)

    nodes = await plan_of(owner, chosen)

    assert nodes[0]["Actual Rows"] == shown
    assert most_rows(nodes) <= 400
