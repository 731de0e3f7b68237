"""Chromium: whole, for an installed app with its worker and notifications, and as a shell, for pages alone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, Page, Route, async_playwright

WHOLE: Final = "/usr/bin/chromium"
SHELL: Final = shutil.which("chromium-headless-shell") or WHOLE
"""The same engine without the browser's own windows, for a third of the work; other systems than Debian have none."""
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip

UNTIL_ASKED: Final = """async () => {
  while (!(await fetch("/asks-first")).ok) await new Promise(requestAnimationFrame);
}"""


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Run one that shows pages."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=SHELL, args=list(QUIET))
        yield opened
        await opened.close()


async def answer_from_now(page: Page, where: str, answer: Callable[[Route], Awaitable[None] | None]) -> None:
    """Let `answer` answer what an open page sends to `where`, whatever is pressed next.

    A busy page handles a press before the news that it is to ask first, so `page.route` alone lets
    what the press sends pass by now and then.
    """
    await page.route(where, answer)
    await page.route("**/asks-first", lambda route: route.fulfill(body="so it does"))
    await page.evaluate(UNTIL_ASKED)
