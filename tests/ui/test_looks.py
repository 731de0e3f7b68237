"""Every page holds together on every screen, in both themes, and says itself to those who do not see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.ui.devices import Device, a_device

pytestmark = pytest.mark.e2e

PAGES = (
    "/style",
    "/incidents",
    "/incidents/412",
    "/services",
    "/heartbeats",
    "/schedules",
    "/schedules/1?view=fortnight",
    "/schedules/1?view=month",
    "/schedules/2",
    "/schedules/1/edit",
    "/schedules/1/temporary/1",
    "/schedules/1/temporary/2",
    "/rules",
    "/rules/new",
    "/rules/2",
    "/policies",
    "/policies/1",
    "/policies/2",
    "/policies/new",
    "/what-if",
    "/maintenance",
    "/fairness",
    "/integrations/1",
    "/integrations/2",
    "/integrations/3",
    "/integrations/4",
    "/integrations/5",
    "/people",
    "/people/1",
    "/people/3",
    "/people/5",
    "/teams",
    "/oncall",
    "/channels",
    "/channels?day=good",
    "/drills",
    "/drills/2",
    "/readiness",
    "/ledger",
    "/me",
    "/me/new",
)
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
AXE: dict[Literal["dark", "light"], dict[str, Any]] = {
    "dark": {"resultTypes": ["violations"], "preload": False},
    "light": {
        "runOnly": ["color-contrast"],
        "resultTypes": ["violations"],
        "preload": False,
    },  # all that a theme changes
}
WIDTHS = (1920, 1366, 1024, 768, 390, 320)
UNREAD = ".ok-schedule:not([data-loaded]), .ok-editor:not([data-loaded])"
"""What waits for its own request: nothing of it can be looked at before."""
# Whatever reaches past the right edge without a box of its own to scroll in.
STICKING_OUT = """() => {
  const page = document.documentElement, edge = page.clientWidth + 1, found = [];
  if (page.scrollWidth > edge) found.push(`the page is ${page.scrollWidth} px wide`);
  for (const one of document.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    if (!box.width || box.right <= edge || !one.checkVisibility()) continue;
    let inside = one.parentElement;
    const open = (box) => !/(auto|scroll|hidden|clip)/.test(getComputedStyle(box).overflowX);
    while (inside && open(inside)) inside = inside.parentElement;
    if (!inside || inside === document.body) found.push(`${one.tagName}.${one.className}: ${Math.round(box.right)} px`);
  }
  return found.slice(0, 5);
}"""


TOO_SMALL = """() => {
  const touched = "main button, main a.ok-button, nav.ok-bottom > *, main select, main summary";
  const height = (one) => one.getBoundingClientRect().height;
  return [...document.querySelectorAll(touched)]
    .filter((one) => one.checkVisibility() && height(one) < 47.5 && !one.closest(".ok-said"))
    .map((one) => `${one.className}: ${height(one)}`);
}"""


def _a_dark(browser: Browser, gallery: str, *, width: int, touch: bool = False) -> AbstractAsyncContextManager[Device]:
    """Show one page after the other on a dark device."""
    return a_device(
        browser,
        gallery,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",  # a colour on its way to another is neither
        has_touch=touch,
        is_mobile=touch,
        service_workers="block",
    )


@pytest.fixture(scope="module")
async def screen(browser: Browser, gallery: str) -> AsyncIterator[Device]:
    """A laptop whose window changes its width."""
    async with _a_dark(browser, gallery, width=1366) as device:
        yield device


@pytest.fixture(scope="module")
async def phone(browser: Browser, gallery: str) -> AsyncIterator[Device]:
    """A phone."""
    async with _a_dark(browser, gallery, width=390, touch=True) as device:
        yield device


async def _look(device: Device, address: str) -> Page:
    page = await device.new_page()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    await expect(page.locator(UNREAD)).to_have_count(0)
    await page.evaluate("document.fonts.ready.then(() => true)")
    return page


@pytest.fixture(scope="module", params=PAGES)
async def shown(request: pytest.FixtureRequest, screen: Device, gallery: str) -> AsyncIterator[Page]:
    """Each page in turn, opened once for all looks at it."""
    yield await _look(screen, gallery + request.param)
    await screen.clear()


async def test_nothing_reaches_past_the_edge_of_any_screen(shown: Page):
    found = {}
    for theme in THEMES:
        await shown.emulate_media(color_scheme=theme)
        for width in WIDTHS if theme == "dark" else (1366, 390):  # colours move nothing; the second look makes sure
            await shown.set_viewport_size({"width": width, "height": 900})
            found[theme, width] = await shown.evaluate(STICKING_OUT)

    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("path", PAGES)
async def test_a_phone_shows_the_whole_width_and_a_thumb_hits_every_control(phone: Device, gallery: str, path: str):
    page = await _look(phone, gallery + path)

    too_small = await page.evaluate(TOO_SMALL)
    # A phone's browser zooms out instead of scrolling where something is too wide.
    seen = await page.evaluate("[innerWidth, document.documentElement.scrollWidth]")

    await phone.clear()
    assert (too_small, seen) == ([], [390, 390])


async def test_axe_finds_nothing_serious_in_either_theme(shown: Page):
    await shown.set_viewport_size({"width": 1366, "height": 900})

    serious = []
    for theme, looked_for in AXE.items():
        await shown.emulate_media(color_scheme=theme)
        results = await Axe().run(shown, options=looked_for)
        serious += [
            (theme, one["id"], [node["html"][:160] for node in one["nodes"][:3]])
            for one in results.response["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    assert serious == []


async def test_what_a_monitor_sends_is_shown_and_never_run(screen: Device, gallery: str):
    page = await _look(screen, f"{gallery}/incidents/412")

    title, links = await page.title(), await page.locator("main a[href^='javascript']").count()

    text = await page.locator("main").text_content()
    await screen.clear()
    assert "broken into" not in title
    assert links == 0
    assert "<script>document.title='broken into'</script>" in (text or "")
