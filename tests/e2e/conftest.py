"""One browser for all pages, and patience with it: it is no bound, so a busy machine may take long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.bounds import PATIENCE_MS
from tests.browsers import a_browser

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser that shows pages; who needs one that is somebody else opens another context."""
    async with a_browser() as opened:
        yield opened
