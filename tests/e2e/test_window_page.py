"""What the native window puts into a page, and what the person's own page asks of it, in Chromium."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from opsknight.desktop.alarm import Reach
from opsknight.desktop.ear import Ear
from opsknight.desktop.kept import Kept
from opsknight.desktop.page import PageSide
from opsknight.settings import ASSETS
from tests.bounds import PATIENCE_MS
from tests.browsers import a_browser
from tests.e2e.phones import cookies
from tests.e2e.test_window_alarm import Screen
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
SCRIPT = (ASSETS / "alarm.js").read_text("utf-8")
CARD = {
    "tag": "x", "title": "CRITICAL <b>Disk</b> full", "body": "Service Checkout", "acknowledge": True,
    "words": ["Acknowledge", "Open"], "sounds": True, "said": "",
}  # fmt: skip


@asynccontextmanager
async def a_page(server: RunningServer, sam: httpx.Client, path: str = "/me") -> AsyncIterator[Page]:
    async with a_browser() as browser:
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        context.set_default_timeout(PATIENCE_MS)
        await context.add_cookies(cookies(server.base_url, sam.headers["Cookie"]))
        page = await context.new_page()
        yield page


async def look(page: Page, cards: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    call = "opsknightAlarm.look()" if cards is None else f"opsknightAlarm.show({json.dumps(cards)})"
    return json.loads(await page.evaluate(f"() => {{ {SCRIPT}; return {call}; }}"))


async def test_the_page_adds_the_window_that_it_is_in_and_lets_go_of_it(
    server: RunningServer, sam: httpx.Client, tmp_path: Path
):
    kept, screen = Kept(tmp_path, server.base_url), Screen()
    ear = Ear(server.base_url, kept, screen)
    async with a_page(server, sam) as page:
        client = PageSide(server.base_url, kept, url=lambda: page.url, added=ear.start)
        await page.expose_function("ofTheClient", client.alarm)
        await page.add_init_script(
            "window.pywebview = { api: { alarm: (token) => window.ofTheClient(token ?? null) } };"
        )
        await page.goto(f"{server.base_url}/me")
        place = page.locator("#ok-window")

        await place.get_by_role("button", name="Alarm me in this window").click()

        await expect(place).to_contain_text("This window alarms you")
        await expect(page.locator("#ok-reached").get_by_text("Native window", exact=True)).to_be_visible()
        assert screen.state.reach is Reach.THERE

        await place.get_by_role("button", name="Alarm me here no more").click()

        await expect(place.get_by_role("button", name="Alarm me in this window")).to_be_visible()
        screen.waits_for(lambda: kept.token is None and screen.state.reach is Reach.NOT_ADDED)


async def test_outside_the_native_window_the_page_offers_nothing(server: RunningServer, sam: httpx.Client):
    async with a_page(server, sam) as page:
        await page.goto(f"{server.base_url}/me")

        await expect(page.locator("#ok-window")).to_contain_text("Open this page in the native window")
        await expect(page.locator("#ok-window").get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("path", ["/incidents", "/sign-in"])
async def test_a_card_is_drawn_on_any_page_and_its_buttons_are_told(
    server: RunningServer, sam: httpx.Client, path: str
):
    async with a_page(server, sam) as page:
        await page.goto(f"{server.base_url}{path}")

        seen = await look(page, [CARD])
        card = page.get_by_role("alert").filter(has_text="CRITICAL <b>Disk</b> full")
        await expect(card).to_be_visible()
        await card.get_by_role("button", name="Acknowledge").click()
        pressed = await look(page)
        await look(page, [])

        assert seen["drawn"]
        assert pressed["pressed"] == [{"deed": "acknowledge", "tag": "x"}]
        await expect(card).to_have_count(0)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390


def test_another_servers_page_learns_nothing_and_begins_nothing(tmp_path: Path):
    kept = Kept(tmp_path, "https://ops.example.com")
    for url in (None, "https://evil.example", "https://ops.example.com.evil.example/me", "http://ops.example.com/me"):
        client = PageSide("https://ops.example.com", kept, url=lambda url=url: url, added=lambda: None)
        with pytest.raises(PermissionError):
            client.alarm("7.aaaaaaaaaaaaaaaaaaaaaaaa")

    assert kept.token is None
