"""The sender at work."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clock import StoppedClock
from tests.clusters import Addresses
from tests.jobs.pager import Pager, a_pager


@pytest.fixture
async def pager(addresses: Addresses, clock: StoppedClock) -> AsyncIterator[Pager]:
    """A pager with a real database, mail server and push service; its clock stands at noon."""
    async with a_pager(addresses, clock) as made:
        yield made
