"""Fault 13: eight writers upsert the same fifty keys in opposite orders, over two processes on one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from typing import Any

import pytest

from tests.faults.measure import CHAOS, note
from tests.faults.product import Product
from tests.faults.sender import Sender

pytestmark = pytest.mark.faults

WRITERS, KEYS = 8, 50
UPSERTS = 10_000 if CHAOS else 2_000
COUNTED = "SELECT title, count FROM alerts WHERE title LIKE $1"


@pytest.fixture(scope="module")
def other(product: Product) -> Iterator[Product]:
    """A second process that takes events into the same database."""
    with Product(product.smtp, database=product.owner_dsn(), ROLE="web") as running:
        yield running


def in_order(name: str, *, writer: int) -> Callable[[int], dict[str, Any]]:
    """Return what makes a writer's events: through all keys, again and again, every other writer backwards."""

    def event(number: int) -> dict[str, Any]:
        key = number % KEYS if writer % 2 == 0 else KEYS - 1 - number % KEYS
        title = f"{name} {key}"
        return {"title": title, "dedup_key": title, "severity": "error", "details": {"said": f"{writer}.{number}"}}

    return event


def counted(product: Product, name: str) -> dict[str, int]:
    """Return how often each alert counts its condition."""
    return {row["title"]: row["count"] for row in product.rows(COUNTED, f"{name} %")}


def each_key(name: str, times: int) -> dict[str, int]:
    return {f"{name} {key}": times for key in range(KEYS)}


def test_upserts_of_the_same_keys_in_opposite_orders_meet_no_error_and_are_counted_exactly(
    product: Product, other: Product
):
    with product.fault(), ExitStack() as writers:
        senders = [
            writers.enter_context(
                process.under_load(
                    in_order("Upserted", writer=writer),
                    name=f"writer-{writer}",
                    most=UPSERTS // WRITERS // KEYS * KEYS,
                    in_flight=4,
                )
            )
            for writer, process in zip(range(WRITERS), cycle((product, product, other, other)), strict=False)
        ]
    product.sent += other.sent

    answers = [answer for sender in senders for answer in sender.answers]
    assert {(answer.status, answer.said.get("detail")) for answer in answers} == {(202, None)}
    assert counted(product, "Upserted") == each_key("Upserted", len(answers) // KEYS)
    product.check("eight writers in opposite orders")
    note("eight writers in opposite orders: slowest answer", max(one.ended_at - one.began_at for one in answers))


def test_batches_that_hold_the_same_keys_in_opposite_orders_meet_no_error_and_are_counted_exactly(
    product: Product, other: Product
):
    bodies = UPSERTS // WRITERS // KEYS

    def all_keys(writer: int) -> Callable[[int], list[dict[str, Any]]]:
        event = in_order("Batched", writer=writer)
        return lambda number: [event(number * KEYS + place) for place in range(KEYS)]

    with product.fault(), ExitStack() as writers:
        senders = [
            writers.enter_context(
                Sender(
                    process.port,
                    f"/api/v1/events/{process.key}",
                    event=all_keys(writer),  # type: ignore[arg-type]
                    name=f"batches-{writer}",
                    most=bodies,
                    in_flight=2,
                )
            )
            for writer, process in zip(range(WRITERS), cycle((product, product, other, other)), strict=False)
        ]

    answers = [answer for sender in senders for answer in sender.answers]
    assert {(answer.status, answer.said.get("detail")) for answer in answers} == {(202, None)}
    verdicts = [event["verdict"] for answer in answers for event in answer.said["events"]]
    assert (verdicts.count("opened"), set(verdicts)) == (KEYS, {"opened", "occurrence"})
    assert counted(product, "Batched") == each_key("Batched", WRITERS * bodies)
    product.check()
