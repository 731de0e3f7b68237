"""What the live board says aloud: what is new, and nothing of what was there before."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.boards import a_board
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
KEEP_WHAT_IS_SAID = """() => {
  window.said = [];
  new MutationObserver(() => {
    const text = document.querySelector("[aria-live=assertive]")?.textContent;
    if (text && text !== window.said.at(-1)) window.said.push(text);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


async def test_what_a_filter_hid_is_not_told_as_new_when_it_is_cleared(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    hidden, shown = f"Disk full on db-{time.time_ns()}", f"Login fails on web-{time.time_ns()}"
    for title in (hidden, shown):
        assert server.fire(title=title, dedup_key=title).status_code == 202
    async with a_board(browser, server, sam.headers["Cookie"], path="/incidents?q=Login") as board:
        await expect(board.row(shown)).to_be_visible()
        await expect(board.row(hidden)).to_have_count(0)
        await board.page.evaluate(KEEP_WHAT_IS_SAID)
        await board.page.locator("[data-ok-filter]").focus()

        await board.page.keyboard.press("Escape")

        await expect(board.row(hidden)).to_be_visible()
        newest = f"Queue stands still {time.time_ns()}"
        server.fire(title=newest, dedup_key=newest)
        await expect(board.page.locator("[aria-live=assertive]")).to_contain_text(newest)
        assert [newest in words for words in await board.page.evaluate("window.said")] == [True]
