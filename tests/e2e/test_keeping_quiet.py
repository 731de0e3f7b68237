"""Resolving on the screens what its monitor still reports: that is said, and keeping it quiet is one press away."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.boards import a_board
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
QUIET = "Keep quiet until it clears"


def a_firing_incident(server: RunningServer, sam: httpx.Client) -> dict[str, Any]:
    """Fire an alert of its own; return the line of its incident."""
    title = f"Disk full on db-{time.time_ns()}"
    assert server.fire(title=title, dedup_key=title).status_code == 202
    return next(one for one in sam.get("/api/v1/board").json()["rows"] if one["title"] == title)


def status_of(sam: httpx.Client, line: dict[str, Any]) -> str:
    return sam.get(f"/api/v1/incidents/{line['id']}").json()["incident"]["status"]


async def test_on_the_board_the_answer_to_a_resolve_offers_to_keep_it_quiet(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    line = a_firing_incident(server, sam)
    async with a_board(browser, server, sam.headers["Cookie"]) as board:
        await board.choose(line["title"])
        await board.page.keyboard.press("r")
        toast = board.page.locator(".ok-toast", has_text="its monitor still fires")
        await expect(toast).to_contain_text(f"#{line['n']} is resolved")

        async with board.page.expect_response("**/keep-quiet"):
            await toast.get_by_role("button", name=QUIET).click()

        await expect(board.row(line["title"])).to_contain_text("Quiet until it clears")
        await expect(toast).to_have_count(0)
        assert status_of(sam, line) == "suppressed"


async def test_the_incidents_page_says_that_it_still_fires_and_keeps_it_quiet(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    line = a_firing_incident(server, sam)
    async with a_board(browser, server, sam.headers["Cookie"], path=f"/incidents/{line['n']}") as board:
        await board.page.keyboard.press("r")
        await expect(board.page.get_by_text("Its monitor still fires")).to_be_visible()
        await board.page.reload()

        async with board.page.expect_response("**/keep-quiet"):
            await board.page.get_by_role("button", name=QUIET).click()

        await expect(board.page.locator(".ok-incident-head .ok-status")).to_have_text("Suppressed")
        await expect(board.page.get_by_text("Its monitor still fires")).to_have_count(0)
        await expect(board.page.locator(".ok-entry p").first).to_contain_text("suppressed it until its alert resolves")
        assert status_of(sam, line) == "suppressed"


async def test_once_the_monitor_has_opened_another_incident_keeping_quiet_is_refused_in_words(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    line = a_firing_incident(server, sam)
    async with a_board(browser, server, sam.headers["Cookie"], path=f"/incidents/{line['n']}") as board:
        await board.page.keyboard.press("r")
        button = board.page.get_by_role("button", name=QUIET)
        await expect(button).to_be_visible()
        server.fire(title=line["title"], dedup_key=line["title"])

        await button.click()

        await expect(board.page.locator(".ok-toast[data-kind=bad]")).to_contain_text("was reported again")
        await expect(board.page.locator(".ok-incident-head .ok-status")).to_have_text("Resolved")
        await expect(button).to_have_count(0)
