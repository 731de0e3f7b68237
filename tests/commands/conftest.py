"""What tests of commands may ask for besides."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import HeartbeatRow, ServiceRow, UserRow
from tests.api.house import House, a_house
from tests.builders import a_heartbeat, a_service, a_user
from tests.clock import StoppedClock
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk
from tests.conftest import Acting


@pytest.fixture
async def desk(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Ada, a responder."""
    return Desk(database, acting, clock, await a_user(database, "Ada"))


@pytest.fixture
async def house(database: Database, clock: StoppedClock) -> AsyncIterator[House]:
    """An OpsKnight on this machine, without a mail server."""
    async with a_house(database, clock) as running:
        yield running


@pytest.fixture
async def manager(desk: Desk) -> UserRow:
    """Who arranges what every team has."""
    return await a_user(desk.database, role="admin")


@pytest.fixture
async def network(desk: Desk) -> ServiceRow:
    """A service that pages Ada, on which others depend."""
    return await a_service(desk.database, "Network", pages=[desk.user])


@pytest.fixture
async def backup(database: Database, desk: Desk) -> HeartbeatRow:
    """A heartbeat of a service that pages Ada: every hour, with ten minutes of grace."""
    service = await a_service(database, "Backups", pages=[desk.user])
    return await a_heartbeat(database, service, name="Nightly backup")


@pytest.fixture
def clockwork(database: Database, acting: Acting, clock: StoppedClock) -> Clockwork:
    """The engine by hand."""
    return Clockwork(database, acting, clock)
