"""The sender at work."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsknight.domain.store.engine import Database
from tests.clock import StoppedClock
from tests.jobs.pager import Pager, a_pager


@pytest.fixture
async def pager(database: Database, clock: StoppedClock) -> AsyncIterator[Pager]:
    """A pager with a real database, mail server and push service; its clock stands at noon."""
    async with a_pager(database, clock) as made:
        yield made
