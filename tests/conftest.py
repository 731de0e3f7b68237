"""What every test may ask for: a clock that stands still, and a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from opsknight.domain.store.engine import Database
from opsknight.domain.store.unit_of_work import UnitOfWork, unit_of_work
from tests.clock import StoppedClock
from tests.clusters import Addresses, Cluster


class Acting(Protocol):
    """Opens a unit of work that commits when its block ends well."""

    def __call__(self, actor: str = "user:1") -> AbstractAsyncContextManager[UnitOfWork]:
        """Act as `actor` at the clock's instant."""
        ...


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands at noon of a Tuesday until the test moves it."""
    return StoppedClock()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL of this run."""
    with Cluster() as running:
        yield running


@pytest.fixture
def addresses(cluster: Cluster) -> Iterator[Addresses]:
    """A fresh database, for tests that start a process of their own on it."""
    fresh = cluster.new_database()
    yield fresh
    cluster.drop(fresh)


@pytest.fixture
async def database(addresses: Addresses) -> AsyncIterator[Database]:
    """A fresh database, connected to as the application is."""
    opened = Database(addresses.app_dsn)
    yield opened
    await opened.close()


@pytest.fixture
def acting(database: Database, clock: StoppedClock) -> Acting:
    """Opens units of work on the fresh database; the actor is user 1 unless the test says another."""
    return lambda actor="user:1": unit_of_work(database.commands, actor=actor, now=clock.now())
