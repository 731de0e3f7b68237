"""Whoever signs out has no page left that goes on telling: not in another tab, not on the wall."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.bounds import PATIENCE_MS
from tests.server import ROOT, RunningServer

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        yield running


def a_link(server: RunningServer) -> str:
    """Return a sign-in link as an operator gets one."""
    command = [sys.executable, "-m", "opsknight", "sign-in-link", "you@example.org"]
    settings = {"OPSKNIGHT_DATA_DIR": str(server.data_dir), "OPSKNIGHT_PORT": str(server.port)}
    said = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    return said.stdout.strip()


@pytest.fixture(autouse=True)
async def nobody_is_left(browser: Browser) -> AsyncIterator[None]:
    yield
    for context in browser.contexts:
        await context.close()


async def signed_in(browser: Browser, link: str) -> BrowserContext:
    context = await browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(link)
    await page.get_by_role("button", name="Sign in").click()
    # Chromium answers a close that meets a page on its way elsewhere never.
    await page.wait_for_url(re.compile("/incidents"))
    await page.close()
    return context


async def opened(context: BrowserContext, address: str) -> Page:
    page = await context.new_page()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    return page


async def test_signing_out_in_one_tab_closes_the_others_of_that_browser_and_no_page_elsewhere(
    server: RunningServer, browser: Browser
):
    here = await signed_in(browser, server.sign_in_link)
    elsewhere = await signed_in(browser, a_link(server))
    board = await opened(here, f"{server.base_url}/incidents")
    wall = await opened(here, f"{server.base_url}/wall/all")
    theirs = await opened(elsewhere, f"{server.base_url}/incidents")

    answer = await here.request.post(
        f"{server.base_url}/sign-out", headers={"Origin": server.base_url}, max_redirects=0
    )

    assert answer.status == 303
    for page in (board, wall):
        await expect(page).to_have_url(re.compile("/sign-in"))
    server.fire(title="After the sign-out").raise_for_status()
    await expect(theirs.get_by_text("After the sign-out", exact=True)).to_be_visible()
    await expect(theirs).to_have_url(f"{server.base_url}/incidents")


async def test_who_is_deactivated_is_signed_out_everywhere_and_whose_role_changes_reads_anew(
    server: RunningServer, browser: Browser
):
    admin = await signed_in(browser, a_link(server))
    headers = {"Origin": server.base_url}

    async def tell(method: str, path: str, **said: str) -> Any:
        answer = await admin.request.fetch(f"{server.base_url}/api/v1{path}", method=method, data=said, headers=headers)
        return await answer.json()

    invited = await tell("POST", "/people", email="bo@example.org", name="Bo Lin", role="responder")
    number = invited["person"]["id"]
    theirs = await signed_in(browser, invited["link"])
    page = await opened(theirs, f"{server.base_url}/services")
    await expect(page.get_by_role("button", name="New service")).to_have_count(0)

    await tell("PUT", f"/people/{number}", name="Bo Lin", role="admin", zone="UTC")
    await expect(page.get_by_role("button", name="New service")).to_be_visible()

    await tell("POST", f"/people/{number}/deactivate")
    await expect(page).to_have_url(re.compile("/sign-in"))
    assert (await theirs.request.get(f"{server.base_url}/api/v1/people")).status == 401
