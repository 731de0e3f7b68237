"""“Still on it?” on the screens: the owner answers where they see the question, by the key that acknowledges."""

from __future__ import annotations

import time
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.boards import a_board
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
ANSWER = "I am still on it"


def an_acknowledged_incident(server: RunningServer, sam: httpx.Client) -> dict[str, Any]:
    """Have Sam acknowledge an incident of its own; return its line."""
    title = f"Disk full on db-{time.time_ns()}"
    assert server.fire(title=title, dedup_key=title).status_code == 202
    line = next(one for one in sam.get("/api/v1/board").json()["rows"] if one["title"] == title)
    assert sam.post(f"/api/v1/incidents/{line['id']}/acknowledge", json={}).status_code == 200
    return line


async def ask(server: RunningServer, line: dict[str, Any]) -> None:
    """Have its owner asked a while ago whether they are still on it."""
    owner = await asyncpg.connect(server.owner_dsn())
    try:
        asking = "UPDATE timers SET kind = 'ack_reminder', due_at = due_at - interval '26 min' WHERE subject = $1"
        assert await owner.execute(asking, line["id"]) == "UPDATE 1"
    finally:
        await owner.close()


def last_fact(sam: httpx.Client, line: dict[str, Any]) -> str:
    return sam.get(f"/api/v1/incidents/{line['id']}/timeline").json()["facts"][0]["sentence"]


async def test_on_the_board_the_owner_answers_and_the_countdown_is_gone(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    line = an_acknowledged_incident(server, sam)
    await ask(server, line)
    async with a_board(browser, server, sam.headers["Cookie"]) as board:
        row = await board.choose(line["title"])
        await expect(row).to_contain_text("Pages again in")
        await expect(board.page.get_by_role("toolbar").get_by_role("button", name=ANSWER)).to_be_enabled()

        async with board.page.expect_response("**/acknowledge"):
            await board.page.keyboard.press("a")

        await expect(row).not_to_contain_text("Pages again")
        await expect(board.page.locator(".ok-toast")).to_contain_text("with you")
        await expect(board.page.get_by_role("button", name=ANSWER)).to_have_count(0)
        assert last_fact(sam, line).endswith("is still on it.")


async def test_on_the_incidents_page_the_owner_answers_and_the_countdown_is_gone(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    line = an_acknowledged_incident(server, sam)
    await ask(server, line)
    async with a_board(browser, server, sam.headers["Cookie"], path=f"/incidents/{line['n']}") as board:
        await expect(board.page.get_by_role("button", name=ANSWER)).to_be_visible()

        async with board.page.expect_response("**/acknowledge"):
            await board.page.keyboard.press("a")

        await expect(board.page.get_by_text("Unacknowledged, without an answer,")).to_have_count(0)
        await expect(board.page.locator(".ok-toast")).to_contain_text("with you")
        await expect(board.page.get_by_role("button", name=ANSWER)).to_have_count(0)
        assert last_fact(sam, line).endswith("is still on it.")
