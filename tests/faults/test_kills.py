"""Faults 1 and 25: the plug is pulled on the app, and on its PostgreSQL, with fifty requests in flight."""

from __future__ import annotations

import time

import pytest

from tests.bounds import WIDER
from tests.faults.measure import FRESH_SEED, moments, note
from tests.faults.product import Product, orphans_are_never_reaped, zombies_of
from tests.faults.sender import a_storm

pytestmark = pytest.mark.faults

BACK_WITHIN_S = 10.0


def one_condition(number: int) -> dict[str, object]:
    """The events of a condition that goes on and on."""
    return {"title": "It goes on", "dedup_key": "it goes on", "severity": "critical", "details": {"number": number}}


def test_what_was_answered_survives_kills_of_the_app(product: Product):
    ready_s: list[float] = []
    with product.under_load(a_storm(FRESH_SEED), name="app") as sender:
        for after_s in moments("app", short=10, full=200):
            sender.wait_for(100)
            time.sleep(after_s)
            with product.fault():
                product.kill()
                began = time.monotonic()
                product.start()
                ready_s.append(time.monotonic() - began)
                sender.wait_for(1)

    product.check("app killed under load")
    note("app killed under load: from start to ready", *ready_s)
    assert [sent.key for sent in product.sent if len(sent.receipts) != 1] == []


def test_what_was_answered_survives_kills_of_postgresql_under_a_parent_that_never_waits(product: Product):
    back_s: list[float] = []
    with orphans_are_never_reaped(), product.under_load(a_storm(FRESH_SEED + 1), name="postmaster") as sender:
        for after_s in moments("postmaster", short=10, full=200):
            sender.wait_for(100)
            time.sleep(after_s)
            with product.fault():
                killed_at = time.time()
                product.kill_database()
                back_s.append(sender.wait_for_news(killed_at))

    assert {answer.status for answer in sender.answers} <= {0, 202, 503}
    product.check("PostgreSQL killed under load")
    note("PostgreSQL killed under load: until the next answer", *back_s, at_most=BACK_WITHIN_S)
    assert max(back_s) <= BACK_WITHIN_S * WIDER


def test_it_starts_again_where_app_and_postgresql_died_together_and_stay_zombies(product: Product):
    with orphans_are_never_reaped(), product.under_load(one_condition, name="both") as sender:
        sender.wait_for(100)
        product.settle()  # no call is under way, so nothing is perhaps sent
        with product.fault():
            product.kill_database()
            product.kill()
            began = time.monotonic()
            product.start()
            sender.wait_for(1)
        took_s = time.monotonic() - began
        assert zombies_of(product.data_dir) > 0

    product.check("app and PostgreSQL killed together")
    note("app and PostgreSQL killed together: from start to the first answer", took_s, at_most=BACK_WITHIN_S)
    assert took_s <= BACK_WITHIN_S * WIDER
