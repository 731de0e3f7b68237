"""What is kept no longer, and what is kept for as long as somebody may need it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from opsknight.domain.commands import retention
from opsknight.domain.store.engine import Database
from tests.builders import a_stored_incident
from tests.clock import NOON
from tests.commands.desk import Desk

KEPT = timedelta(days=2)
OLD = NOON - timedelta(days=3)
_DELIVERY = """
    INSERT INTO deliveries (id, received_at, integration_id, status, body) VALUES (:id, :at, 1, 'accepted', 'x')
"""
_EVENT = """
    INSERT INTO events (received_at, delivery_id, ordinal, integration_id, service_id, action, dedup_key, title,
        severity, verdict, incident_id)
    VALUES (:at, :delivery_id, :ordinal, 1, 1, 'trigger', 'k', 'Disk full', 'critical', 'opened', :incident_id)
"""
_serial = iter(range(1, 2**32))


def id_of(at: datetime) -> UUID:
    """Return an id as it is made at `at`."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) + next(_serial))


async def a_delivery(
    database: Database, *incidents: UUID | None, at: datetime = OLD, apart: timedelta = KEPT * 0
) -> UUID:
    """Insert a delivery with an event for each of `incidents`, stored so long after each other."""
    delivery_id = id_of(at)
    async with database.commands() as session:
        await session.execute(text(_DELIVERY), {"id": delivery_id, "at": at})
        for number, incident_id in enumerate(incidents):
            when = at + number * apart
            values: dict[str, Any] = {"delivery_id": delivery_id, "incident_id": incident_id}
            await session.execute(text(_EVENT), {"at": when, "ordinal": number, **values})
        await session.commit()
    return delivery_id


async def tidy(desk: Desk) -> None:
    for table in ("events", "deliveries", "replays"):
        await desk.as_("housekeeping:retention", retention.remove_raw, table, older_than=KEPT)


async def left(desk: Desk, table: str) -> int:
    return (await desk.rows(f"SELECT count(*) FROM {table}"))[0][0]  # noqa: S608


async def test_what_is_old_goes_and_what_is_not_stays(desk: Desk):
    over = await a_stored_incident(desk.database, status="resolved")
    await a_delivery(desk.database, over.id, None)
    await a_delivery(desk.database, over.id, at=NOON - timedelta(days=1))

    await tidy(desk)

    assert (await left(desk, "events"), await left(desk, "deliveries")) == (1, 1)
    told = await desk.rows("SELECT data->>'name', data->>'count' FROM facts WHERE kind = 'retention' ORDER BY seq")
    assert told == [("events", "2"), ("deliveries", "1")]


async def test_what_opened_an_incident_that_is_still_open_stays_with_its_delivery(desk: Desk):
    still_open = await a_stored_incident(desk.database)
    kept = await a_delivery(desk.database, None, still_open.id)

    await tidy(desk)

    assert await left(desk, "events") == 1
    assert await desk.rows("SELECT id FROM deliveries") == [(kept,)]


async def test_a_delivery_stays_also_for_an_event_that_was_stored_with_a_later_part_of_it(desk: Desk):
    still_open = await a_stored_incident(desk.database)
    kept = await a_delivery(desk.database, None, still_open.id, apart=timedelta(seconds=2))

    await tidy(desk)

    assert await desk.rows("SELECT id FROM deliveries") == [(kept,)]


async def test_much_that_is_spent_goes_step_by_step(desk: Desk):
    async with desk.database.commands() as session:
        await session.execute(
            text(
                "INSERT INTO command_keys SELECT sha256(g::text::bytea), '{}', 200, :at FROM generate_series(1, 2001) g"
            ),
            {"at": OLD},
        )
        await session.commit()

    removed = [await desk.as_("housekeeping:tidy", retention.remove_spent) for _ in range(2)]

    assert removed == [2000, 1]


@pytest.mark.parametrize(("age", "left_over"), [(timedelta(days=8), 0), (timedelta(days=6), 1)])
async def test_idempotency_keys_are_kept_for_a_week(desk: Desk, age: timedelta, left_over: int):
    async with desk.database.commands() as session:
        await session.execute(
            text("INSERT INTO idempotency VALUES (1, 'k', 'b', gen_random_uuid(), 1, :at)"), {"at": NOON - age}
        )
        await session.commit()

    await desk.as_("housekeeping:tidy", retention.remove_spent)

    assert await left(desk, "idempotency") == left_over


async def a_replay(database: Database, delivery_id: UUID, original_id: UUID, *, at: datetime = OLD) -> None:
    async with database.commands() as session:
        insert = "INSERT INTO replays (delivery_id, original_id, created_at) VALUES (:id, :of, :at)"
        await session.execute(text(insert), {"id": delivery_id, "of": original_id, "at": at})
        await session.commit()


async def test_which_delivery_repeats_which_is_known_for_as_long_as_one_of_them_is(desk: Desk, database: Database):
    incident = await a_stored_incident(database)
    kept = await a_delivery(database, incident.id)
    replay = await a_delivery(database, at=NOON)
    await a_replay(database, id_of(OLD), kept)
    await a_replay(database, replay, id_of(OLD))
    await a_replay(database, id_of(OLD), id_of(OLD))
    await a_replay(database, id_of(NOON), id_of(OLD), at=NOON)

    await tidy(desk)

    assert await left(desk, "replays") == 3
