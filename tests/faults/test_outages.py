"""Fault 19: PostgreSQL stopped, and frozen, while fifty requests are in flight and pages fall due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.bounds import WIDER
from tests.faults.measure import CHAOS, FRESH_SEED, note
from tests.faults.outside import OutsideServer
from tests.faults.product import Product
from tests.faults.sender import Answer, a_storm
from tests.peers.smtp import SmtpPeer

pytestmark = pytest.mark.faults

AWAY_S = 60.0 if CHAOS else 10.0
REFUSED_WITHIN_S = 3.0
PAGED_WITHIN_S = 2.0
STEP_S = 3
ON_THE_WAY_S = 0.5
"""An answer to what was committed before may be under way for so long."""


@pytest.fixture(scope="module")
def server() -> Iterator[OutsideServer]:
    """A PostgreSQL that the test can take away."""
    with OutsideServer() as running:
        yield running


@pytest.fixture(scope="module")
def product(smtp: SmtpPeer, server: OutsideServer) -> Iterator[Product]:
    """OpsKnight on that server; the second step follows soon."""
    with Product(smtp, database=server.owner_dsn) as running:
        running.rows("UPDATE escalation_steps SET wait_s = $1 WHERE position = 0 RETURNING 1", STEP_S)
        yield running


@pytest.mark.parametrize("way", ["stopped", "frozen"])
def test_an_outage_of_postgresql_refuses_events_at_once_and_pages_at_once_when_it_is_over(
    product: Product, server: OutsideServer, way: str
):
    take_away, give_back = (server.stop, server.start) if way == "stopped" else (server.freeze, server.thaw)

    answers, ready, first_page_s = outage(product, take_away, give_back, name=way)

    assert answers, "nobody was told anything"
    accepted_or_silent = [answer for answer in answers if answer.status != 503 or not answer.retry_after.isdigit()]
    slowest_s = max(answer.ended_at - answer.began_at for answer in answers)
    note(f"PostgreSQL {way}: refusals in {AWAY_S:g} s", len(answers), unit="answers")
    note(f"PostgreSQL {way}: slowest refusal", slowest_s, at_most=REFUSED_WITHIN_S)
    note(f"PostgreSQL {way}: /readyz said no after", ready[1], at_most=REFUSED_WITHIN_S)
    note(f"PostgreSQL {way}: first hand-off after its return", first_page_s, at_most=PAGED_WITHIN_S)
    product.check(f"PostgreSQL {way}")
    assert accepted_or_silent == []
    assert slowest_s <= REFUSED_WITHIN_S * WIDER
    assert ready[0] == 503
    assert ready[1] <= REFUSED_WITHIN_S * WIDER
    assert first_page_s <= PAGED_WITHIN_S * WIDER


def outage(
    product: Product, take_away: Callable[[], None], give_back: Callable[[], None], *, name: str
) -> tuple[list[Answer], tuple[int, float], float]:
    """Take the database away under load; return what was answered meanwhile, /readyz, and how soon a page followed."""
    product.send(f"waiting-{name}", title=f"Waiting while it is {name}", severity="critical")
    with product.under_load(a_storm(FRESH_SEED + len(name)), name=name) as sender:
        sender.wait_for(200)
        with product.fault():
            take_away()
            gone_at = time.time()
            time.sleep(AWAY_S / 2)
            ready = product.answers_ready()
            time.sleep(max(0.0, gone_at + AWAY_S - time.time()))
            back_at = time.time()
            give_back()
            returned_at = time.time()
        sender.wait_for(1)
    product.settle()
    (first,) = product.rows(
        "SELECT extract(epoch FROM min(started_at))::float8 AS at FROM attempts WHERE started_at > to_timestamp($1)",
        back_at,
    )
    meanwhile = [answer for answer in sender.answers if gone_at + ON_THE_WAY_S < answer.ended_at < back_at]
    return meanwhile, ready, first["at"] - returned_at
