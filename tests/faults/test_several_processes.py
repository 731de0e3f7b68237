"""Fault 8: several processes share what falls due at one instant; none is idle, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.measure import CHAOS, note
from tests.faults.product import Product
from tests.faults.sender import a_row
from tests.peers.smtp import smtp_peer_in_thread
from tests.server import until

pytestmark = pytest.mark.faults

TIMERS = 5_000 if CHAOS else 300
PROCESSES = (2, 4) if CHAOS else (2,)
LEAST_SHARE = 0.5
"""Of an equal part: how much each process hands over at least."""

PUT_OFF = "UPDATE timers SET due_at = clock_timestamp() + interval '1 hour' RETURNING 1"
NOBODY_IS_ASKED_TWICE = "UPDATE escalation_steps SET wait_s = 86400 RETURNING 1"
DUE_TOGETHER = """
    WITH instant AS MATERIALIZED (SELECT clock_timestamp() + interval '1 s' AS at)
    UPDATE timers SET due_at = instant.at FROM instant WHERE kind = 'escalation' RETURNING 1
"""
# Canaries go out meanwhile, and are of no incident.
HANDED_OFF = "SELECT status, count(*)::int AS many FROM notifications WHERE incident_id IS NOT NULL GROUP BY status"
_OF_TIMERS = "FROM attempts a JOIN notifications n ON n.id = a.notification_id WHERE n.incident_id IS NOT NULL"
SHARES = f"SELECT a.worker, count(*)::int AS many {_OF_TIMERS} GROUP BY a.worker ORDER BY many DESC"  # our own words
TOOK = f"SELECT extract(epoch FROM max(a.finished_at) - min(a.started_at))::float8 AS s {_OF_TIMERS}"  # noqa: S608  # our own words


@pytest.fixture
def product() -> Iterator[Product]:
    """The process that takes events, with the database: it pages nobody."""
    with smtp_peer_in_thread() as smtp, Product(smtp, ROLE="web") as running:
        yield running


@pytest.mark.parametrize("processes", PROCESSES)
def test_what_falls_due_at_one_instant_is_shared_by_all_processes_and_sent_once(product: Product, processes: int):
    product.rows(NOBODY_IS_ASKED_TWICE)
    with product.under_load(a_row("Due"), name="due", most=TIMERS):
        pass
    assert len(product.rows(PUT_OFF)) == TIMERS

    with ExitStack() as stack:
        with product.fault():  # until they run nobody hands anything over, no canary either
            for _ in range(processes):
                stack.enter_context(Product(product.smtp, database=product.owner_dsn(), ROLE="worker"))
        with product.fault():  # so much at once is an outage of its own: only the order of the queue is on time
            assert len(product.rows(DUE_TOGETHER)) == TIMERS
            until(lambda: product.rows(HANDED_OFF) == [("accepted", TIMERS)], within_s=240, step_s=0.5)
        product.check()

    shares = [row["many"] for row in product.rows(SHARES)]
    case = f"{TIMERS:,} timers due at once, {processes} processes"
    note(f"{case}: messages handed over by each", *shares, unit="messages")
    note(f"{case}: all handed over", product.rows(TOOK)[0]["s"])
    assert sum(shares) == TIMERS
    assert len(product.smtp.mails) == TIMERS
    assert len(shares) == processes
    assert min(shares) >= LEAST_SHARE * TIMERS / processes
