"""What every test may ask for: a clock that stands still, and a database of its own; and the figures of the run."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from copy import copy
from typing import Any, Protocol

import hypothesis
import pytest

from opsknight.domain.store.engine import Database
from opsknight.domain.store.unit_of_work import UnitOfWork, unit_of_work
from tests.clock import StoppedClock
from tests.clusters import Addresses, Cluster
from tests.faults import measure
from tests.lent import Pools
from tests.marked import read_marked

# A busy machine is no failure. CI draws the same examples every time, so that it fails for what changed.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, max_examples=60)
hypothesis.settings.load_profile("ci" if "CI" in os.environ else "house")

gc.disable()  # until all is collected: nothing of it is garbage, and looking took a third of the time
os.environ["OPSKNIGHT_SEED"] = str(measure.FRESH_SEED)  # the same for all processes of the run


_LONGEST_FIRST = (
    "tests/ui/test_looks.py", "tests/api/test_every_operation.py", "tests/e2e/test_board.py", "tests/simulator/",
    "tests/providers/test_mutations.py", "tests/ui/",
)  # fmt: skip
"""Which files take longest: begun last, one of them would keep a core busy while the others have nothing left."""
_WAITING = ("tests/faults/", "tests/e2e/")
"""Whose tests wait more than they work: where all are such, a core has nothing to do."""
_BETWEEN = 2
"""How many other files are begun before the next of those."""


class Acting(Protocol):
    """Opens a unit of work that commits when its block ends well."""

    def __call__(self, actor: str = "user:1") -> AbstractAsyncContextManager[UnitOfWork]:
        """Act as `actor` at the clock's instant."""
        ...


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands at noon of a Tuesday until the test moves it."""
    return StoppedClock()


@pytest.fixture
def marked_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose language is MARKED reads each sentence in brackets."""
    read_marked(monkeypatch)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL of this run."""
    with Cluster() as running:
        yield running


@pytest.fixture
def addresses(cluster: Cluster, pools: Pools) -> Iterator[Addresses]:
    """A database like a fresh one, for tests that start a process of their own on it."""
    lent = cluster.lend()
    yield lent
    cluster.take_back(lent, staying=pools.staying if pools.dsn == lent.app_dsn else ())


@pytest.fixture(scope="session")
def pools() -> Pools:
    """The pools of this run."""
    return Pools()


@pytest.fixture
async def database(addresses: Addresses, pools: Pools) -> Database:
    """A database like a fresh one, connected to as the application is."""
    await pools.turn_to(addresses.app_dsn)
    return copy(pools)  # what a test changes of it is its own


@pytest.fixture
def acting(database: Database, clock: StoppedClock) -> Acting:
    """Opens units of work on the fresh database; the actor is user 1 unless the test says another."""
    return lambda actor="user:1": unit_of_work(database.commands, actor=actor, now=clock.now())


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what was collected: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have what takes longest begun first, and what waits beside what works; the order within a file stays."""
    files = list(dict.fromkeys(item.nodeid.partition("::")[0] for item in items))
    waiting = [file for file in files if file.startswith(_WAITING) and file not in _LONGEST_FIRST]
    others = sorted((file for file in files if file not in waiting), key=_longest_first)
    place = {file: float(at) for at, file in enumerate(others)}
    place |= {file: (at + 1) * _BETWEEN - 0.5 for at, file in enumerate(waiting)}
    items.sort(key=lambda item: place[item.nodeid.partition("::")[0]])


def _longest_first(file: str) -> int:
    return next((at for at, path in enumerate(_LONGEST_FIRST) if file.startswith(path)), len(_LONGEST_FIRST))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what one of several processes has measured to the one that tells it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = [figure.as_plain() for figure in measure.figures]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process has measured that ends."""
    told = getattr(node, "workeroutput", {}).get("figures", ())
    measure.figures.extend(measure.Figure(*plain) for plain in told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was measured, and from which seeds."""
    if not measure.figures:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(measure.table())
    if measure.CHAOS:
        measure.write_page()
