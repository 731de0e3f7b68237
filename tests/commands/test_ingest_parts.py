"""Large deliveries are stored in parts: each event once, whatever was stored before, and answered in order."""

from __future__ import annotations

import pytest

from opsknight.domain.model.event import Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.domain.store.engine import Database
from tests.builders import a_service, an_event
from tests.clock import StoppedClock
from tests.commands.monitors import Monitor, a_monitor

OPENED, AGAIN, BEFORE = Verdict.OPENED, Verdict.OCCURRENCE, Verdict.STORED_BEFORE


@pytest.fixture
async def monitor(database: Database, clock: StoppedClock) -> Monitor:
    return await a_monitor(database, clock, await a_service(database))


def verdicts(receipt) -> list[Verdict]:  # noqa: ANN001  # a receipt
    return [verdict for verdict, _ in receipt.verdicts]


async def test_a_part_of_which_half_is_stored_stores_the_other_half(monitor: Monitor):
    whole = monitor.delivery(*(an_event() for _ in range(4)), idempotency_key="storm-1")
    first_half, _ = whole.halves()
    await monitor.store(first_half)

    (receipt,) = await monitor.store(whole)

    assert (verdicts(receipt), receipt.duplicate) == ([BEFORE, BEFORE, AGAIN, AGAIN], False)
    assert await monitor.rows("SELECT ordinal FROM events ORDER BY ordinal") == [(0,), (1,), (2,), (3,)]
    assert await monitor.rows("SELECT count FROM alerts") == [(4,)]


async def test_what_is_stored_already_is_answered_event_by_event(monitor: Monitor):
    whole = monitor.delivery(an_event(), an_event(), idempotency_key="storm-1")
    await monitor.store(whole)

    (receipt,) = await monitor.store(whole)

    assert (verdicts(receipt), receipt.duplicate) == ([BEFORE, BEFORE], True)


async def test_a_delivery_says_that_a_later_part_of_it_could_not_be_read(monitor: Monitor):
    whole = monitor.delivery(an_event(), an_event(), Unreadable("It lacks a title."), an_event())
    for part in whole.parts(2):
        await monitor.store(part)

    assert await monitor.rows("SELECT status, reason FROM deliveries") == [("unreadable", "It lacks a title.")]


async def test_the_first_reason_is_the_one_that_is_told(monitor: Monitor):
    whole = monitor.delivery(Unreadable("It lacks a title."), Unreadable("It lacks a key."))
    for part in whole.parts(1):
        await monitor.store(part)

    assert await monitor.rows("SELECT status, reason FROM deliveries") == [("unreadable", "It lacks a title.")]
