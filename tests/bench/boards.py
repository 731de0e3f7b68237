"""Open boards: many as bare sockets that speak as the browser does, and one real browser that tells what it sees."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Page, async_playwright

from tests.browsers import QUIET, WHOLE
from tests.server import ROOT

WATCH = """
() => {
  window.seen = {};
  const look = (node, now) => {
    for (const found of node.textContent.matchAll(/probe-(\\d+)-(\\d+)/g)) window.seen[found[0]] ??= now;
  };
  new MutationObserver((changes) => {
    const now = Date.now();
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") look(target, now);
      for (const node of addedNodes) look(node, now);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


@dataclass(slots=True)
class Boards:
    """What the open boards heard: messages and bytes, of all together; when each was told of changes, since 1970."""

    messages: int = 0
    received: int = 0
    lost: list[str] = field(default_factory=list)
    told_at: list[list[float]] = field(default_factory=list)


@asynccontextmanager
async def open_boards(base_url: str, cookie: str, number: int) -> AsyncIterator[Boards]:
    """Keep `number` boards open while the block runs, in a process of their own; they are counted at its end."""
    command = [sys.executable, "-m", "tests.bench.listeners", base_url, str(number)]
    boards = Boards()
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{cookie}\n".encode())
        async with asyncio.timeout(60):
            said = await process.stdout.readline()
        if said.strip() != b"listening":
            raise RuntimeError("the boards could not be opened")
        yield boards
    finally:
        process.stdin.close()
        counted = await process.stdout.read()
        await process.wait()
    boards.messages, boards.received, boards.lost, boards.told_at = json.loads(counted)


@asynccontextmanager
async def a_browser(sign_in_link: str) -> AsyncIterator[tuple[Page, str]]:
    """Sign in and open the board in Chromium; give its page and its cookie.

    `window.seen` says when each probe was first in the document.
    """
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=WHOLE, args=list(QUIET))
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
