"""What a time on a page says to whoever points at it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import BrowserContext, expect

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("as_", "away"), [("in", r"in \d+m( \d+s)?"), ("ago", r"\d+m( \d+s)? ago")])
async def test_pointing_at_a_time_tells_it_local_in_utc_and_how_far_away_it_is(
    laptop: BrowserContext, gallery: str, as_: str, away: str
):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/incidents/412")
    await page.locator("html[data-live=live]").wait_for()
    shown = page.locator(f"#main time[data-as={as_}]").first

    await shown.hover()

    await expect(shown).to_have_attribute("title", re.compile(rf"(CET|CEST) · \d\d:\d\d:\d\d UTC · {away}$"))
