"""Fault 12: one process takes events, another pages, and what carries the word between them keeps dying."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

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
        AND usename = 'opsknight'
"""


@pytest.fixture(scope="module")
def product(smtp: SmtpPeer) -> Iterator[Product]:
    """The process that takes events, with the database."""
    with Product(smtp, ROLE="web") as running:
        yield running


@pytest.fixture(scope="module")
def worker(product: Product) -> Iterator[Product]:
    """The process that pages."""
    with Product(product.smtp, database=product.owner_dsn(), ROLE="worker") as running:
        yield running


def test_pages_are_on_time_while_the_listener_dies_every_two_seconds_and_each_death_is_one_log_line(
    product: Product, worker: Product
):
    ended = 0
    with product.under_load(a_row("Due"), name="due", most=TIMERS, a_second=TIMERS_A_SECOND) as sender:
        while sender.taken < TIMERS:
            ended += len(product.rows_as_admin(END))
            time.sleep(ENDS_EVERY_S)

    product.check(f"{TIMERS} timers while the listener dies")
    note(f"{TIMERS} timers while the listener dies: its deaths", ended, unit="deaths")
    assert ended >= TIMERS / TIMERS_A_SECOND / ENDS_EVERY_S - 1
    until(lambda: worker.told(LOST) >= ended, within_s=10)
    assert worker.told(LOST) == ended
