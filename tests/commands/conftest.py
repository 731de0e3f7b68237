"""What tests of commands may ask for besides."""

from __future__ import annotations

import pytest

from opsknight.domain.store.engine import Database
from tests.builders import a_user
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.conftest import Acting


@pytest.fixture
async def desk(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Ada, a responder."""
    return Desk(database, acting, clock, await a_user(database, "Ada"))
