"""Boards in real browsers: signed in, on the screens that people have, and with a watch that measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import httpx
from playwright.async_api import Browser, BrowserContext, Locator, Page, Route, ViewportSize, expect

from tests.bounds import PATIENCE_MS
from tests.browsers import answer_from_now
from tests.server import RunningServer

Theme: TypeAlias = Literal["dark", "light"]
SCREENS: dict[str, ViewportSize] = {
    "wall": {"width": 1920, "height": 1080},
    "laptop": {"width": 1366, "height": 768},
    "phone": {"width": 390, "height": 844},
}
# The instant, on the clock that all pages of a machine share, at which a row first has a status; the row is looked up
# at each change because it may be drawn anew.
WHEN = """([title, status]) => new Promise((resolve) => {
  const there = () => [...document.querySelectorAll(".ok-line[data-id]")].some((row) =>
    row.dataset.status === status && row.querySelector(".ok-line-title a").textContent === title);
  const look = () => {
    if (!there()) return false;
    watch.disconnect();
    resolve(performance.timeOrigin + performance.now());
    return true;
  };
  const watch = new MutationObserver(look);
  if (!look()) watch.observe(document.body, { subtree: true, childList: true, attributes: true });
})"""
KEEP_WHEN = f"([name, ...what]) => {{ window[name] = ({WHEN})(what); }}"
KEEP_PRESSED = """() => addEventListener("keydown", (event) => {
  window.pressed = performance.timeOrigin + event.timeStamp;
}, true)"""
# What reaches past the right edge without a box of its own to scroll in, and words that do not fit their box.
OVERFLOWING = """() => {
  const edge = document.documentElement.clientWidth + 1;
  const seen = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && one.offsetWidth);
  const boxed = (one) => {
    for (let box = one.parentElement; box && box !== document.body; box = box.parentElement) {
      if (/(auto|scroll|hidden|clip)/.test(getComputedStyle(box).overflowX)) return true;
    }
    return false;
  };
  const words = "button, .ok-count, .ok-badge, .ok-status, h1, h2, .ok-wall-counts span, .ok-wall-clock";
  const sticking = seen.filter((one) => one.getBoundingClientRect().right > edge && !boxed(one));
  const tight = (one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline";
  const cut = seen.filter((one) => one.matches(words) && !one.matches(".ok-hide") && tight(one));
  const said = (one) => `${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`;
  const all = [...sticking.map((one) => `sticks out: ${said(one)}`), ...cut.map((one) => `is cut: ${said(one)}`)];
  return all.slice(0, 6);
}"""
TEXT_SMALLER_THAN = """(least) => {
  const small = new Set(), wall = document.querySelector(".ok-wall");
  const texts = document.createTreeWalker(wall, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const on = texts.currentNode.parentElement, size = parseFloat(getComputedStyle(on).fontSize);
    if (texts.currentNode.data.trim() && size < least && on.checkVisibility() && !on.closest(".ok-hide")) {
      small.add(`${on.className}: ${size} px`);
    }
  }
  return [...small];
}"""
PRESS_AS_IT_LEAVES = """([id, key]) => new MutationObserver((_, watch) => {
  if (document.getElementById(id)) return;
  watch.disconnect();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}).observe(document.body, { childList: true, subtree: true })"""


@dataclass
class Board:
    """One page with a board on it. `troubles` are what its console complained of."""

    page: Page
    troubles: list[str] = field(default_factory=list[str])

    def row(self, title: str) -> Locator:
        """The row of the incident with exactly this title."""
        return self.page.locator(".ok-line[data-id]", has=self.page.get_by_text(title, exact=True))

    async def choose(self, title: str) -> Locator:
        """Select a row with the mouse, then take the mouse out of the list."""
        row = self.row(title)
        await row.locator(".ok-line-sev").click()
        await self.page.mouse.move(2, 2)
        await expect(row).to_have_attribute("data-active", "")
        return row

    async def hold(self, where: str) -> asyncio.Queue[Route]:
        """Hold back what the page sends to `where` from now on, for the caller to let go."""
        held = asyncio.Queue[Route]()
        await answer_from_now(self.page, where, lambda route: held.put_nowait(route))  # noqa: PLW0108  # playwright marks it
        return held

    async def press_as_it_leaves(self, key: str, title: str) -> None:
        """Have a key pressed in the instant in which a row leaves."""
        await self.page.evaluate(PRESS_AS_IT_LEAVES, [await self.row(title).get_attribute("id"), key])

    async def keep_when(self, name: str, title: str, status: str) -> None:
        """Begin to watch for `status` of a row; `when(name)` tells the instant."""
        await self.page.evaluate(KEEP_WHEN, [name, title, status])

    async def when(self, name: str) -> float:
        """Return the instant, in ms, at which what `keep_when` watched for came."""
        return await self.page.evaluate("([name]) => window[name]", [name])

    async def press(self, key: str) -> float:
        """Press a key and return the instant, in ms, at which the browser had it."""
        await self.page.evaluate(KEEP_PRESSED)
        await self.page.keyboard.press(key)
        return await self.page.evaluate("window.pressed")


@asynccontextmanager
async def a_board(
    browser: Browser,
    server: RunningServer,
    cookie: str,
    *,
    screen: str = "laptop",
    theme: Theme = "dark",
    path: str = "/incidents",
) -> AsyncIterator[Board]:
    """Open `path` on `screen`, signed in by `cookie` (name=value), and wait until it is live."""
    touch = screen == "phone"
    context = await browser.new_context(
        viewport=SCREENS[screen],
        color_scheme=theme,
        has_touch=touch,
        is_mobile=touch,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
        service_workers="block",  # what is proven here must not depend on it
    )
    try:
        await _sign_in(context, server, cookie)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        board = Board(page)
        page.on("pageerror", lambda error: board.troubles.append(str(error)))
        await page.goto(server.base_url + path)
        await page.locator("html[data-live=live]").wait_for()
        yield board
    finally:
        await context.close()


async def _sign_in(context: BrowserContext, server: RunningServer, cookie: str) -> None:
    name, _, value = cookie.partition("=")
    secure = server.base_url.replace(
        "http://", "https://"
    )  # a __Host- cookie is set on https; localhost counts as such
    said: Any = {"name": name, "value": value, "url": secure}
    await context.add_cookies([said])


async def answering(server: RunningServer) -> float:
    """Wait until the server answers and return that instant."""
    async with httpx.AsyncClient() as client:
        while True:
            with suppress(httpx.TransportError):
                await client.get(f"{server.base_url}/healthz")
                return time.monotonic()
            await asyncio.sleep(0.02)
