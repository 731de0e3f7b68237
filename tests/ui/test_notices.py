"""What keeps OpsKnight from doing its work is told above pages that nobody loads again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.bounds import PATIENCE_S
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

MAIL_IS_OFF = "Nobody can be reached by mail: OPSKNIGHT_SMTP_URL is not set."
CAUGHT = "2 incidents reached nobody. Their managers are paged instead; see who is on call."


@pytest.fixture
async def noticing(gallery: str) -> AsyncIterator[httpx.AsyncClient]:
    """Tells what readiness finds; in the end what it finds in every sample."""
    async with httpx.AsyncClient(base_url=gallery, timeout=PATIENCE_S) as client:
        yield client
        await client.post("/notices", json=[MAIL_IS_OFF])


async def _open(laptop: Device, address: str) -> Page:
    page = await laptop.new_page()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    return page


@pytest.mark.parametrize("path", ["/people", "/wall/all"])
async def test_what_is_found_while_a_page_is_open_is_told_on_it_and_goes_when_it_is_mended(
    laptop: Device, gallery: str, noticing: httpx.AsyncClient, path: str
):
    page = await _open(laptop, gallery + path)
    told = page.locator(".ok-notice:visible")

    await noticing.post("/notices", json=[CAUGHT])
    await expect(told).to_contain_text(["2 incidents reached nobody."])

    await noticing.post("/notices", json=[])
    await expect(told).to_have_count(0)


async def test_a_wall_keeps_its_height_and_tells_only_what_cannot_wait(
    laptop: Device, gallery: str, noticing: httpx.AsyncClient
):
    page = await _open(laptop, f"{gallery}/wall/all")
    before = await page.locator(".ok-notice:visible").count()

    await noticing.post("/notices", json=[CAUGHT])
    await expect(page.get_by_text("2 incidents reached nobody.")).to_be_visible()

    bottom = await page.evaluate("document.querySelector('.ok-wall').getBoundingClientRect().bottom")
    assert (before, bottom) == (0, 768)
