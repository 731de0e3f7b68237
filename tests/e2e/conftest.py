"""One browser for all pages, with patience, which is no bound; and for each file a server with somebody signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.bounds import PATIENCE_MS
from tests.browsers import a_browser
from tests.server import RunningServer

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser that shows pages; who needs one that is somebody else opens another context."""
    async with a_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """OpsKnight with the sample team; a file that needs other settings has one of its own."""
    with RunningServer() as running:
        yield running


@pytest.fixture(scope="module")
def sam(server: RunningServer) -> Iterator[httpx.Client]:
    """The sample person, signed in."""
    client = server.sign_in()
    yield client
    client.close()
