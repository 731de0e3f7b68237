"""A screen that shows one test's page after the other's, each as if it were the first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from tests.bounds import PATIENCE_MS
from tests.ui.answers import forget

LAPTOP: Final[dict[str, Any]] = {"viewport": {"width": 1366, "height": 768}, "color_scheme": "dark"}
_PLACE: Final[dict[str, Any]] = {"locale": "en-GB", "timezone_id": "Europe/Berlin"}


async def a_context(browser: Browser, **what: Any) -> BrowserContext:
    """Open one for a laptop in Berlin, or for what differs from it."""
    context = await browser.new_context(**{**LAPTOP, **_PLACE, **what})
    context.set_default_timeout(PATIENCE_MS)
    return context


@asynccontextmanager
async def a_device(browser: Browser, gallery: str, **what: Any) -> AsyncIterator[Device]:
    """Have one whose pages are those of `gallery`: the laptop in Berlin, or what differs from it."""
    context = await a_context(browser, **what)
    yield Device(context, rests_at=f"{gallery}/healthz")
    await context.close()


class Device:
    """Hands out pages of one context, the first of them again and again.

    A page of our own costs a browser half as much where it has shown one before: its scripts are compiled. What a
    test leaves behind is cleared. A clock once installed stays with its context, so who needs one takes another.
    """

    def __init__(self, context: BrowserContext, *, rests_at: str) -> None:
        """Show pages in `context`, and between tests what is at `rests_at`, the same server's."""
        self._context = context
        self._rests_at = rests_at
        self._size: ViewportSize | None = None
        self._idle: Page | None = None
        self._lent: list[Page] = []

    async def new_page(self) -> Page:
        """Hand out a page that shows nothing of anybody."""
        page, self._idle = self._idle, None
        if page is None:
            page = await self._context.new_page()
            self._size = page.viewport_size
        self._lent.append(page)
        return page

    async def clear(self) -> None:
        """Take back what was handed out, and forget what it has kept."""
        pages, self._lent = [page for page in self._lent if not page.is_closed()], []
        for page in pages[1:]:
            await page.close()
        await self._context.clear_cookies()
        await self._context.clear_permissions()
        if pages:
            await self._rest(pages[0])

    async def _rest(self, page: Page) -> None:
        await forget(page)
        await page.unroute_all(behavior="ignoreErrors")
        await page.goto(self._rests_at)
        await page.evaluate("sessionStorage.clear()")
        inspector = await self._context.new_cdp_session(page)
        origin = await page.evaluate("location.origin")
        await inspector.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        await inspector.detach()
        if self._size is not None:
            await page.set_viewport_size(self._size)
        await page.emulate_media(color_scheme="dark")
        await page.bring_to_front()
        self._idle = page
