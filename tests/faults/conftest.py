"""A product for each module of cases, and what it said where a case failed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

import httpx
import pytest

from tests.faults.product import Product
from tests.peers.smtp import SmtpPeer, smtp_peer_in_thread


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpPeer]:
    """A mail server that records what it takes."""
    with smtp_peer_in_thread() as peer:
        yield peer


@pytest.fixture(scope="module")
def product(smtp: SmtpPeer) -> Iterator[Product]:
    """OpsKnight with the sample team and a PostgreSQL of its own."""
    with Product(smtp) as running:
        yield running


@pytest.fixture(scope="session")
def steady() -> Iterator[Product]:
    """One that nobody kills, for all cases that only ask something of it."""
    with smtp_peer_in_thread() as peer, Product(peer) as running:
        yield running


@pytest.fixture(scope="session")
def person(steady: Product) -> Iterator[httpx.Client]:
    """The sample admin, signed in to the one that nobody kills."""
    with closing(steady.sign_in()) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the product said."""
    report = yield
    product = getattr(item, "funcargs", {}).get("product")
    if report.failed and isinstance(product, Product):
        report.sections.append(("what OpsKnight said", product.log()))
    return report
