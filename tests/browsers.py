"""Chromium: whole, for an installed app with its worker and notifications, and as a shell, for pages alone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

WHOLE: Final = "/usr/bin/chromium"
SHELL: Final = shutil.which("chromium-headless-shell") or WHOLE
"""The same engine without the browser's own windows, for a third of the work; other systems than Debian have none."""
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Run one that shows pages."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=SHELL, args=list(QUIET))
        yield opened
        await opened.close()
