"""Fault 12: one process takes events, another pages, and what carries the word between them keeps dying."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from tests.bounds import WIDER
from tests.faults.commits import HeldCommits
from tests.faults.measure import note
from tests.faults.product import Product
from tests.faults.sender import a_row
from tests.peers.smtp import SmtpPeer
from tests.server import until

pytestmark = pytest.mark.faults

TIMERS = 500
TIMERS_A_SECOND = 35
"""Some 110 pages a second are all that one core can hand over by mail."""
ENDS_EVERY_S = 2.0
LOST = "the alarm's connection is lost"
END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'opsknight alarm'
        AND usename = 'opsknight_app'
"""
LISTENS = "SELECT FROM pg_stat_activity WHERE application_name = 'opsknight alarm' AND usename = 'opsknight_app'"
ON_TIME_S = 1.0


@pytest.fixture(scope="module")
def worker(smtp: SmtpPeer) -> Iterator[Product]:
    """The process that pages, with the database."""
    with Product(smtp, ROLE="worker") as running:
        yield running


@pytest.fixture(scope="module")
def product(worker: Product) -> Iterator[Product]:
    """The process that takes events."""
    with Product(worker.smtp, database=worker.owner_dsn(), ROLE="web") as running:
        yield running


def test_pages_are_on_time_while_the_listener_dies_every_two_seconds_and_each_death_is_one_log_line(
    product: Product, worker: Product
):
    before, ended = worker.told(LOST), 0
    with product.under_load(a_row("Due"), name="due", most=TIMERS, a_second=TIMERS_A_SECOND) as sender:
        while sender.taken < TIMERS:
            with product.fault():
                ended += len(product.rows_as_admin(END))
                until(lambda: product.rows_as_admin(LISTENS), within_s=10)
            time.sleep(ENDS_EVERY_S / 2)

    handed_off = product.check(f"{TIMERS} timers while the listener dies")
    note(f"{TIMERS} timers while the listener dies: its deaths", ended, unit="deaths")
    assert ended >= TIMERS / TIMERS_A_SECOND / ENDS_EVERY_S / 2
    until(lambda: worker.told(LOST) - before >= ended, within_s=10)
    assert worker.told(LOST) - before == ended
    assert sorted(handed_off.late_s)[TIMERS * 99 // 100] <= ON_TIME_S * WIDER


def test_what_a_process_committed_that_died_before_it_told_anybody_is_found_by_the_sweep(product: Product):
    paged = """
        SELECT extract(epoch FROM a.started_at - i.created_at)::float8 AS after_s FROM attempts a
        JOIN notifications n ON n.id = a.notification_id JOIN incidents i ON i.id = n.incident_id
        WHERE i.title = 'Untold'
    """
    with product.fault(), HeldCommits(product, "alerts") as held:
        asking = threading.Thread(target=ask_in_vain, args=(product,))
        asking.start()
        pid = held.wait_for_one()
        product.freeze()
        held.let_go(pid)
        product.kill()
        committed = time.monotonic()
        until(lambda: product.rows(paged), within_s=20)
        took_s = time.monotonic() - committed
        asking.join(10)

    product.start()
    product.check()
    note("committed and never told: from the commit to the hand-off", took_s, at_most=ON_TIME_S)
    assert took_s <= ON_TIME_S * WIDER


def ask_in_vain(product: Product) -> None:
    with suppress(httpx.HTTPError):
        product.fire(title="Untold")
