"""A person adds a contact method in Chromium, types in the code that came there, and is paged as they arranged it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.boards import OVERFLOWING, a_board
from tests.jobs.cases.ntfy import CASE
from tests.jobs.pager import until
from tests.peers.http_provider import HttpPeer, http_peer_in_thread
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
HELD = "async () => (await (await fetch('/api/v1/me/left-alone')).json()).left_alone.waiting"


@dataclass
class Phone:
    """A browser at one's own page, and the topic that a phone would show."""

    page: Page
    ntfy: HttpPeer
    server: RunningServer


@pytest.fixture(scope="module")
def ntfy() -> Iterator[HttpPeer]:
    with http_peer_in_thread() as peer:
        peer.answering, peer.check = CASE.takes, CASE.check
        yield peer


@pytest.fixture(scope="module")
def server(ntfy: HttpPeer) -> Iterator[RunningServer]:
    with RunningServer(settings={"NTFY_URL": ntfy.origin}) as running:
        yield running


@pytest.fixture(scope="module")
def cookie(server: RunningServer) -> str:
    client = server.sign_in()
    client.close()
    return client.headers["Cookie"]


@pytest.fixture
async def phone(browser: Browser, server: RunningServer, ntfy: HttpPeer, cookie: str) -> AsyncIterator[Phone]:
    async with a_board(browser, server, cookie, path="/me") as opened:
        yield Phone(opened.page, ntfy, server)
        assert opened.troubles == []


async def a_topic(phone: Phone, name: str) -> None:
    """Add a topic called `name`, by the code that comes there."""
    page, before = phone.page, len(phone.ntfy.taken)
    await page.get_by_role("button", name="Add a contact method").click()
    await page.get_by_label("By", exact=True).select_option("ntfy")
    await page.get_by_label("Topic").fill(f"ops-ada-x7Kq-{before}")
    await page.locator("#method-label").fill(name)
    await page.get_by_role("button", name="Send the code").click()
    *_, asked = await phone.ntfy.messages_come(before + 1)
    await page.get_by_label("Code", exact=True).fill(asked.json["title"].split()[0])
    await page.keyboard.press("Enter")
    await expect(page.locator(".ok-method", has_text=name)).to_contain_text("Verified")


async def test_a_topic_is_added_verified_by_its_code_and_then_paged_by_a_rule(phone: Phone):
    page = phone.page
    await a_topic(phone, "My phone")

    await page.get_by_role("button", name="Add a rule").first.click()
    await page.get_by_label("Page me by").select_option(label="My phone (ntfy)")
    await page.get_by_role("button", name="Add", exact=True).last.click()
    await expect(page.locator('.ok-own-rules[data-urgency="high"]')).to_contain_text("At once My phone.")
    phone.server.fire(title="Disk full on db-1", severity="critical")
    _, told = await phone.ntfy.messages_come(2)

    assert "Disk full on db-1" in told.json["title"]
    assert [action["label"] for action in told.json["actions"]] == ["Acknowledge", "Open"]
    assert await page.evaluate(OVERFLOWING) == []


async def test_what_quiet_hours_hold_is_shown_and_goes_out_when_they_are_ended(phone: Phone):
    page = phone.page
    await a_topic(phone, "My tablet")
    hour, before = time.gmtime().tm_hour, len(phone.ntfy.taken)
    await page.get_by_role("button", name="Add quiet hours").click()
    dialog = page.get_by_role("dialog", name="Add quiet hours")
    for day in ("Saturday", "Sunday"):
        await dialog.get_by_label(day).check(force=True)
    await dialog.get_by_label("From").fill(f"{(hour - 1) % 24:02}:00")
    await dialog.get_by_label("To").fill(f"{(hour + 2) % 24:02}:00")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("Low urgency is held until")).to_be_visible()

    phone.server.fire(title="Disk nearly full on db-1", severity="warning")
    await until(lambda: page.evaluate(HELD), 1)  # wait_for_function takes a promise for the truth
    await page.reload()
    await expect(page.get_by_text("(1 page waits)")).to_be_visible()
    held = [one.json["title"] for one in phone.ntfy.taken[before:]]
    await page.get_by_role("button", name="Remove Every day").click()

    *_, told = await phone.ntfy.messages_come(before + 1)
    assert held == []
    assert "Disk nearly full on db-1" in told.json["title"]
    await expect(page.get_by_text("None: low urgency reaches you at any time.")).to_be_visible()
