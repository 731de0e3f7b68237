"""A manager adds a room in Chromium, and it counts once its first message was taken there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.boards import OVERFLOWING, a_board
from tests.jobs.cases.ntfy import CASE
from tests.peers.http_provider import HttpPeer, http_peer_in_thread
from tests.server import RunningServer

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ntfy() -> Iterator[HttpPeer]:
    with http_peer_in_thread() as peer:
        peer.answering, peer.check = CASE.takes, CASE.check
        yield peer


@pytest.fixture(scope="module")
def server(ntfy: HttpPeer) -> Iterator[RunningServer]:
    with RunningServer(settings={"NTFY_URL": ntfy.origin}) as running:
        yield running


@pytest.fixture
async def page(browser: Browser, server: RunningServer) -> AsyncIterator[Page]:
    client = server.sign_in()
    async with a_board(browser, server, client.headers["Cookie"], path="/channels") as opened:
        yield opened.page
        assert opened.troubles == []
    client.close()


async def test_a_room_is_added_counts_by_itself_once_its_first_message_was_taken_and_is_removed(
    page: Page, ntfy: HttpPeer
):
    await page.get_by_role("button", name="Add a room").click()
    await page.get_by_label("By", exact=True).select_option("ntfy")
    await page.get_by_label("Topic").fill("ops-room-x7Kq")
    await page.locator("#room-label").fill("Wall")
    await page.get_by_role("button", name="Add", exact=True).click()
    room = page.locator(".ok-room", has_text="Wall in ntfy")
    await expect(room).to_be_visible()
    await ntfy.messages_come(1)
    await expect(room).to_contain_text("Counts")
    carrier = page.locator(".ok-channel", has_text="ntfy")
    await expect(carrier).to_contain_text("1 of 1 taken")
    assert await page.evaluate(OVERFLOWING) == []

    await room.get_by_role("button").click()
    await room.get_by_role("button", name="Post a test message").click()
    await ntfy.messages_come(2)
    await room.get_by_role("button").first.click()
    await room.get_by_role("button", name="Remove").click()

    await expect(room).to_have_count(0)
