"""Open boards: many as bare sockets that speak as the browser does, and one real browser that tells what it sees."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import websockets
from playwright.async_api import Page, async_playwright
from websockets.typing import Origin

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
() => {
  window.seen = {};
  const look = () => {
    const now = Date.now();
    for (const found of document.body.textContent.matchAll(/probe-(\\d+)-(\\d+)/g)) {
      window.seen[found[0]] ??= now;
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


@dataclass(slots=True)
class Boards:
    """What the open boards heard: messages and bytes, of all together."""

    connected: int = 0
    messages: int = 0
    received: int = 0
    lost: list[str] = field(default_factory=list)


@asynccontextmanager
async def open_boards(base_url: str, cookie: str, number: int) -> AsyncIterator[Boards]:
    """Keep `number` boards open while the block runs."""
    boards = Boards()
    async with (
        httpx.AsyncClient(base_url=base_url, headers={"Cookie": cookie}, timeout=30) as pages,
        AsyncExitStack() as stack,
    ):
        group = await stack.enter_async_context(asyncio.TaskGroup())
        listening: list[asyncio.Task[None]] = []
        for _ in range(number):
            page = (await pages.get("/incidents")).text
            socket = await stack.enter_async_context(_socket(base_url, cookie, page))
            boards.connected += 1
            listening.append(group.create_task(_listen(socket, boards)))
        yield boards
        for task in listening:
            task.cancel()


def _socket(base_url: str, cookie: str, page: str) -> websockets.connect:
    client_id = re.search(r"'client_id': '([0-9a-f-]+)'", page)
    if client_id is None:
        raise RuntimeError("the page names no client; is the cookie's session over?")
    query = f"client_id={client_id[1]}&next_message_id=0&implicit_handshake=True&EIO=4&transport=websocket"
    address = base_url.replace("http", "ws", 1) + f"/_nicegui_ws/socket.io/?{query}"
    return websockets.connect(
        address, origin=Origin(base_url), additional_headers={"Cookie": cookie}, max_size=None, ping_interval=None
    )


async def _listen(socket: websockets.ClientConnection, boards: Boards) -> None:
    await socket.recv()
    await socket.send("40")
    try:
        async for message in socket:
            if message == "2":
                await socket.send("3")
            boards.messages += 1
            boards.received += len(message)
    except websockets.ConnectionClosed as closed:
        boards.lost.append(str(closed))


@asynccontextmanager
async def a_browser(sign_in_link: str) -> AsyncIterator[tuple[Page, str]]:
    """Sign in and open the board in Chromium; give its page and its cookie.

    `window.seen` says when each probe was first in the document.
    """
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": 1366, "height": 768})
        page = await context.new_page()
        await page.goto(sign_in_link)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/incidents")
        await page.wait_for_timeout(1500)
        await page.evaluate(WATCH)
        cookies = "; ".join(f"{cookie.get('name')}={cookie.get('value')}" for cookie in await context.cookies())
        yield page, cookies
        await browser.close()
