"""Fault 40: one integration sends as fast as it can, and the others do not feel it."""

from __future__ import annotations

import time
from statistics import median

import pytest

from tests.bounds import WIDER
from tests.faults.measure import note
from tests.faults.product import Product
from tests.faults.sender import Sender

pytestmark = pytest.mark.faults

QUIET_WITHIN_S = 0.25
LISTEN_S = 2.5
LISTENINGS = 3


def an_alert_again_and_again(number: int) -> dict[str, object]:
    labels = {"alertname": "HighErrorRate", "instance": f"web-{number % 5}", "severity": "warning"}
    return {"alerts": [{"status": "firing", "labels": labels}]}


def another_probe(number: int) -> dict[str, object]:
    return {"title": "A probe failed", "dedup_key": f"probe {number % 5}", "severity": "info"}


def slowest_of_99_in_100(product: Product, *, name: str) -> float:
    """Send forty quiet events a second for a while; return the 99th percentile of their answers, in seconds."""
    path = f"/api/v1/events/{product.key}"
    with Sender(product.port, path, event=another_probe, name=name, in_flight=4, a_second=40) as quiet:
        time.sleep(LISTEN_S)
    took = sorted(answer.ended_at - answer.began_at for answer in quiet.answers)
    return took[int(len(took) * 0.99)]


def test_an_integration_that_storms_is_not_felt_by_a_quiet_one(product: Product):
    alone_s = slowest_of_99_in_100(product, name="alone")
    path = f"/api/v1/events/{product.key_of('alertmanager')}"

    with Sender(product.port, path, event=an_alert_again_and_again, name="noise", in_flight=300) as noise:
        noise.wait_for(300)
        before, began = noise.taken, time.monotonic()
        # A moment in which the whole machine stands still is in one of them; what the noise does is in each.
        beside = [slowest_of_99_in_100(product, name=f"beside {number}") for number in range(LISTENINGS)]
        rate = (noise.taken - before) / (time.monotonic() - began)

    note("one integration storms: a quiet one's p99 alone", alone_s)
    note("one integration storms: a quiet one's p99 beside it", *beside, at_most=QUIET_WITHIN_S)
    note("one integration storms: its own events taken", rate, unit="events/s")
    assert median(beside) <= QUIET_WITHIN_S * WIDER
    assert {answer.status for answer in noise.answers} <= {202, 503}
