"""What the frame of every page does: keys, palette, theme, and the truth about its own age."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.bounds import PATIENCE_S
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e
BOXES = """() => [...document.querySelectorAll(".ok-strip .ok-nav a, .ok-oncall > *, .ok-now > :not(.ok-oncall)")]
  .map((one) => [one.textContent.slice(0, 20), one.getBoundingClientRect().left, one.getBoundingClientRect().right])
  .filter(([, left, right]) => right > left)"""
"""What stands in the strip, from left to right: what it says, where it begins and ends."""


async def _open(laptop: Device | BrowserContext, address: str, *, clock: bool = False) -> Page:
    page = await laptop.new_page()
    if clock:
        await page.clock.install()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    return page


async def _hush(page: Page, gallery: str) -> None:
    """Have the gallery say nothing any more; what it has said before has arrived on the page then."""
    await page.request.post(f"{gallery}/hush")
    await page.request.post(f"{gallery}/high/23")
    await expect(page.locator("#ok-high")).to_contain_text("23")


@pytest.fixture
def hushed(gallery: str) -> Iterator[str]:
    """The gallery's address; what falls silent in the test speaks again after it."""
    yield gallery
    httpx.post(f"{gallery}/speak", timeout=PATIENCE_S)


async def test_the_palette_finds_a_page_by_the_beginning_of_a_word(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("serv")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(f"{gallery}/services")


async def test_the_palette_opens_an_incident_by_its_number(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("#412")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(f"{gallery}/incidents/412")


async def test_focus_returns_to_where_it_was_when_the_palette_closes(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")
    await page.get_by_label("Filter services").focus()

    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")

    await expect(page.get_by_label("Filter services")).to_be_focused()


async def test_g_and_a_letter_go_to_a_page(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")

    await page.keyboard.press("g")
    await page.keyboard.press("m")

    await expect(page).to_have_url(f"{gallery}/me")


async def test_single_keys_do_nothing_when_turned_off_but_the_palette_still_opens(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")
    await page.get_by_role("switch", name="Single-key shortcuts").uncheck()
    await page.reload()
    await page.locator("html[data-live=live]").wait_for()

    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")

    await expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    await expect(page.get_by_role("dialog", name="Find")).to_be_visible()


async def test_a_letter_typed_into_a_field_is_only_a_letter(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")

    await page.keyboard.press("/")
    await page.keyboard.type("gm?")

    await expect(page.get_by_label("Filter services")).to_have_value("gm?")
    await expect(page).to_have_url(f"{gallery}/services")


async def test_help_lists_the_keys_of_the_page_it_is_asked_on(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/incidents/412")
    await expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()

    await page.keyboard.press("?")

    keys = page.get_by_role("dialog", name="Keys")
    await expect(keys.get_by_text("Reassign")).to_be_visible()
    await expect(keys.get_by_text("Go to")).to_be_visible()


async def test_the_theme_is_remembered_and_there_before_the_page_is(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")

    await page.locator(".ok-choice label", has_text="Light").click()
    await page.reload(wait_until="commit")
    await page.locator("head script[src*='theme.js']").wait_for(state="attached")

    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(251, 251, 252)")


async def test_the_first_tab_skips_to_the_content(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("width", [722, 768, 831, 901, 1024, 1161, 1200, 1242, 1280, 1310, 1366, 1410, 1440, 1920])
async def test_nothing_of_the_strip_lies_over_its_neighbour(laptop: Device, gallery: str, width: int):
    page = await _open(laptop, f"{gallery}/channels")

    await page.set_viewport_size({"width": width, "height": 768})
    boxes = await page.evaluate(BOXES)

    assert [(one, other) for one, other in itertools.pairwise(boxes) if one[2] > other[1] + 1] == []


async def test_the_strip_counts_what_burns_as_it_happens(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")

    await page.request.post(f"{gallery}/high/17")

    await expect(page.locator("#ok-high")).to_contain_text("17")


async def test_old_data_turns_amber_after_5_s_and_red_after_15_s_and_says_how_old_it_is(
    new_laptop: BrowserContext, hushed: str
):
    page = await _open(new_laptop, f"{hushed}/services", clock=True)
    await _hush(page, hushed)
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))  # only the test makes it older
    bar = page.locator("#ok-stale")

    await page.clock.fast_forward(6_000)
    await expect(bar).to_have_attribute("data-state", "stale")
    await expect(bar).to_contain_text("Not live for")
    await page.clock.fast_forward(10_000)

    await expect(bar).to_have_attribute("data-state", "lost")
    await expect(page.locator("#ok-live")).to_have_text("Not live")


async def test_a_page_is_live_again_with_the_next_beat(new_laptop: BrowserContext, hushed: str):
    page = await _open(new_laptop, f"{hushed}/services", clock=True)
    await _hush(page, hushed)
    await page.clock.fast_forward(20_000)
    await expect(page.locator("#ok-stale")).to_be_visible()

    await page.request.post(f"{hushed}/speak")

    await expect(page.locator("#ok-stale")).to_be_hidden()
    await expect(page.locator("#ok-live")).to_have_text("Live")


async def test_what_is_copied_is_the_whole_line(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    setup = page.locator(".ok-setup").nth(1)
    box = setup.locator(".ok-copybox")
    await expect(box).to_be_hidden()
    await setup.get_by_text("Address, key and set-up").click()

    await box.get_by_role("button").click()
    await expect(page.locator("[aria-live=polite]")).to_have_text("Copied")

    assert await page.evaluate("navigator.clipboard.readText()") == await box.locator("code").text_content()
