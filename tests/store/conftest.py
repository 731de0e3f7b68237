"""Connections of the owner and of a superuser, for what the application may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from opsknight.domain.store.engine import connect
from tests.clusters import Addresses

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection


@pytest.fixture
async def owner(addresses: Addresses) -> AsyncIterator[Connection]:
    """Connected as the owner of the fresh database."""
    connection = await connect(addresses.owner_dsn, purpose="tests")
    yield connection
    await connection.close()


@pytest.fixture
async def admin(addresses: Addresses) -> AsyncIterator[Connection]:
    """Connected to the fresh database as a superuser."""
    connection = await connect(addresses.admin_dsn, purpose="tests")
    yield connection
    await connection.close()
