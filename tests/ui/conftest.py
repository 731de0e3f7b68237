"""A gallery of all pages in its own process, and a browser to look at it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.bounds import PATIENCE_MS, PATIENCE_S
from tests.browsers import a_browser
from tests.ports import free_port
from tests.ui.devices import Device, a_context, a_device

STARTS_WITHIN_S = 2 * PATIENCE_S
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """The address of a server that shows every page with sample data."""
    port = free_port()
    # NiceGUI behaves otherwise where it sees that a test runs.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    server = subprocess.Popen([sys.executable, "-m", "tests.ui.gallery", str(port)], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_S)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < give_up_at and server.poll() is None:
        try:
            httpx.get(f"{address}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the gallery did not start")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all looks."""
    async with a_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
async def shown_laptop(browser: Browser, gallery: str) -> AsyncIterator[Device]:
    """The laptop that the tests have after each other."""
    async with a_device(browser, gallery) as device:
        yield device


@pytest.fixture
async def laptop(shown_laptop: Device) -> AsyncIterator[Device]:
    """A dark laptop on which nobody has been before."""
    yield shown_laptop
    await shown_laptop.clear()


@pytest.fixture
async def new_laptop(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Another one, whose clock the test may set."""
    context = await a_context(browser)
    yield context
    await context.close()
