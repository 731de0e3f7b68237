"""The strip on top of a page that is open for long: it goes on telling who is on call, and disturbs nobody by it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.bounds import PATIENCE_S
from tests.ui import samples

pytestmark = pytest.mark.e2e
HOUR_MS = 3_600_000


class Strip:
    """What the server answers."""

    def __init__(self, **said: Any) -> None:
        duties = [samples.a_duty("Payments", "Bo Lindqvist", until=time.time() + 90_000)]
        self.said = {"rev": "a.1.9", "now": time.time() + 10**6, "on_call": duties, "next_shift": None, **said}
        self.said.setdefault("counts", {"high_unacknowledged": 4})

    async def answer(self, route: Route) -> None:
        await route.fulfill(content_type="application/json", body=json.dumps(self.said))


@pytest.fixture
def speaking(gallery: str) -> Iterator[str]:
    """The gallery's address; what falls silent in the test speaks again after it."""
    yield gallery
    httpx.post(f"{gallery}/speak", timeout=PATIENCE_S)


async def _open(laptop: BrowserContext, gallery: str, strip: Strip) -> Page:
    """Open a page whose clock moves as the test says."""
    page = await laptop.new_page()
    await page.clock.install()
    await page.route("**/api/v1/strip", strip.answer)
    await page.goto(f"{gallery}/services")
    await page.locator("html[data-live=live]").wait_for()
    await expect(page.locator("#ok-oncall")).to_contain_text("Amira Khan")
    return page


async def test_when_a_shift_has_ended_it_names_who_is_on_call_now(new_laptop: BrowserContext, gallery: str):
    page = await _open(new_laptop, gallery, Strip())

    await page.clock.run_for(3 * HOUR_MS)

    on_call = page.locator("#ok-oncall")
    await expect(on_call).to_contain_text("Bo Lindqvist")
    await expect(on_call).not_to_contain_text("you")
    await expect(page.locator("#ok-shift")).to_have_text("Your next shiftnone planned")


async def test_a_list_of_duties_that_is_open_changes_in_place_and_keeps_the_focus(
    new_laptop: BrowserContext, gallery: str
):
    page = await _open(new_laptop, gallery, Strip())
    await page.locator("#ok-oncall").click()
    duties = page.locator("#ok-duties")
    await duties.locator("a").first.focus()

    await page.clock.run_for(301_000)

    await expect(duties.locator(".ok-duty-who")).to_contain_text(["Bo Lindqvist"])
    await expect(duties).to_be_visible()
    await expect(duties.locator("a").first).to_be_focused()
    await expect(duties.locator("a").first).to_have_text("Payments")
    await expect(duties.locator("a").last).to_have_attribute("href", "/oncall")


async def test_a_page_that_was_cut_off_counts_again_what_burns(new_laptop: BrowserContext, speaking: str):
    strip = Strip(counts={"high_unacknowledged": 7})
    page = await _open(new_laptop, speaking, strip)
    await page.request.post(f"{speaking}/hush")
    await page.clock.run_for(20_000)
    await expect(page.locator("#ok-stale")).to_be_visible()

    await page.request.post(f"{speaking}/speak")
    await expect(page.locator("#ok-stale")).to_be_hidden()
    await page.clock.run_for(5_000)

    await expect(page.locator("#ok-high b")).to_have_text("7")


async def test_a_gap_in_what_the_page_was_told_has_it_read_again(new_laptop: BrowserContext, gallery: str):
    strip = Strip(counts={"high_unacknowledged": 9})
    page = await _open(new_laptop, gallery, strip)

    await page.request.post(f"{gallery}/missed")
    await page.clock.run_for(5_000)

    await expect(page.locator("#ok-high b")).to_have_text("9")


async def test_what_has_not_changed_is_left_as_it_is(new_laptop: BrowserContext, gallery: str):
    page = await _open(new_laptop, gallery, Strip())
    await page.clock.run_for(301_000)
    name = page.locator("#ok-oncall b", has_text="Bo Lindqvist")
    await name.evaluate("(name) => { name.dataset.mark = 'the same'; }")

    async with page.expect_response("**/api/v1/strip"):
        await page.clock.run_for(301_000)

    await expect(name).to_have_attribute("data-mark", "the same")
