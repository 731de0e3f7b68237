"""A person adds a contact method in Chromium, types in the code that arrived there, and is paged by their own rule."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.e2e.boards import CHROMIUM, OVERFLOWING, QUIET, a_board
from tests.peers.http_provider import HttpPeer, http_peer_in_thread
from tests.server import RunningServer

pytestmark = pytest.mark.e2e


@dataclass
class Phone:
    """A browser at one's own page, and the topic that a phone would show."""

    page: Page
    ntfy: HttpPeer
    server: RunningServer


@pytest.fixture(scope="module")
def ntfy() -> Iterator[HttpPeer]:
    with http_peer_in_thread() as peer:
        yield peer


@pytest.fixture(scope="module")
def server(ntfy: HttpPeer) -> Iterator[RunningServer]:
    with RunningServer(settings={"NTFY_URL": ntfy.origin}) as running:
        yield running


@pytest.fixture
async def phone(server: RunningServer, ntfy: HttpPeer) -> AsyncIterator[Phone]:
    client = server.sign_in()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        async with a_board(browser, server, client.headers["Cookie"], path="/me") as opened:
            yield Phone(opened.page, ntfy, server)
            assert opened.troubles == []
        await browser.close()
    client.close()


async def test_a_topic_is_added_verified_by_its_code_and_then_paged_by_a_rule(phone: Phone):
    page = phone.page
    await page.get_by_role("button", name="Add a contact method").click()
    await page.get_by_label("By", exact=True).select_option("ntfy")
    await page.get_by_label("Topic").fill("ops-ada-x7Kq")
    await page.locator("#method-label").fill("My phone")
    await page.get_by_role("button", name="Send the code").click()
    (asked,) = await phone.ntfy.messages_come(1)
    await page.get_by_label("Code", exact=True).fill(asked.json["title"].split()[0])
    await page.keyboard.press("Enter")
    await expect(page.locator(".ok-method", has_text="My phone")).to_contain_text("Verified")

    await page.get_by_role("button", name="Add a rule").first.click()
    await page.get_by_label("Page me by").select_option(label="My phone (ntfy)")
    await page.get_by_role("button", name="Add", exact=True).last.click()
    await expect(page.locator('.ok-own-rules[data-urgency="high"]')).to_contain_text("At once My phone.")
    phone.server.fire(title="Disk full on db-1", severity="critical")
    _, told = await phone.ntfy.messages_come(2)

    assert "Disk full on db-1" in told.json["title"]
    assert [action["label"] for action in told.json["actions"]] == ["Acknowledge", "Open"]
    assert await page.evaluate(OVERFLOWING) == []
