"""What a time on a page says to whoever points at it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.ui.devices import Device

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("lies_s", "away"), [(250, r"in \d+m( \d+s)?"), (-250, r"\d+m( \d+s)? ago")])
async def test_pointing_at_a_time_tells_it_local_in_utc_and_how_far_away_it_is(
    laptop: Device, gallery: str, lies_s: int, away: str
):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/incidents/412")
    await page.locator("html[data-live=live]").wait_for()
    shown = page.locator("#main time[data-as=in]").first
    await shown.evaluate("(time, s) => { time.dateTime = new Date(Date.now() + 1000 * s).toISOString(); }", lies_s)

    await shown.hover()

    await expect(shown).to_have_attribute("title", re.compile(rf"(CET|CEST) · \d\d:\d\d:\d\d UTC · {away}$"))
