"""What tests of the API may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsknight.domain.store.engine import Database
from tests.api.a_door import Door, a_door
from tests.api.house import House, a_house
from tests.clock import StoppedClock


@pytest.fixture
async def house(database: Database, clock: StoppedClock) -> AsyncIterator[House]:
    """An OpsKnight on this machine, with a mail server."""
    async with a_house(database, clock, smtp_url="smtp://localhost:25") as running:
        yield running


@pytest.fixture
async def door(database: Database, clock: StoppedClock) -> AsyncIterator[Door]:
    """The door of monitors, open."""
    async with a_door(database, clock) as opened:
        yield opened
