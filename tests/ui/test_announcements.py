"""What is said aloud to those who do not see a page: one message in five seconds, however much there is to say."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

pytestmark = pytest.mark.e2e
STORM = """() => {
  for (let n = 1; n <= 20; n += 1) opsknight.announce(`New critical: disk ${n}`, { assertive: true, about: "new" });
  opsknight.announce("2 incidents changed");
  opsknight.announce("9 incidents changed");
}"""


async def test_what_waits_to_be_said_folds_into_one_message(new_laptop: BrowserContext, gallery: str):
    page = await new_laptop.new_page()
    await page.clock.install()
    await page.goto(f"{gallery}/services")
    await page.locator("html[data-live=live]").wait_for()
    loud, polite = page.locator("[aria-live=assertive]"), page.locator("[aria-live=polite]")
    await page.evaluate("opsknight.announce('New critical: disk 0', { assertive: true, about: 'new' })")
    await expect(loud).to_have_text("New critical: disk 0")

    await page.evaluate(STORM)

    await page.clock.run_for(5_000)
    await expect(loud).to_have_text("New critical: disk 1, and 19 more")
    await page.clock.run_for(5_000)
    await expect(polite).to_have_text("9 incidents changed")
    await expect(loud).to_have_text("New critical: disk 1, and 19 more")
