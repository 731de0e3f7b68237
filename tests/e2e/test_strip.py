"""Pages that stay open, on the whole product: who is on call is told anew when somebody changes it."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.boards import a_board
from tests.server import RunningServer

pytestmark = pytest.mark.e2e


def cover_now(sam: httpx.Client, *, by: str) -> None:
    """Have somebody take the place of whoever is on call, for an hour."""
    [duty] = sam.get("/api/v1/board").json()["on_call"]
    number = next(one["id"] for one in sam.get("/api/v1/people").json() if one["name"] == by)
    wish = {"change": "replace", "user_id": number, "replaces_id": duty["user_id"]}
    span = {"start_at": time.time() - 1, "end_at": time.time() + 3600}
    answer = sam.post(f"/api/v1/schedules/{duty['schedule_id']}/overrides", json=wish | span)
    assert answer.status_code == 201, answer.text


def a_team(sam: httpx.Client, name: str) -> int:
    """Make a team and return its number."""
    sam.post("/api/v1/teams", json={"name": name}).raise_for_status()
    return next(one["id"] for one in sam.get("/api/v1/teams").json()["teams"] if one["name"] == name)


def call_otherwise(sam: httpx.Client, team: int, name: str) -> None:
    """Give a team another name."""
    sam.put(f"/api/v1/teams/{team}", json={"name": name}).raise_for_status()


async def test_an_override_shows_on_every_page_that_is_open(browser: Browser, server: RunningServer, sam: httpx.Client):
    cookie = sam.headers["Cookie"]
    async with (
        a_board(browser, server, cookie, path="/services") as services,
        a_board(browser, server, cookie) as board,
        a_board(browser, server, cookie, path="/wall/all", screen="wall") as wall,
    ):
        on_call = [one.page.locator("#ok-oncall b") for one in (services, board)]
        beside = [one.page.locator(".ok-side-duties b") for one in (board, wall)]
        for name in (*on_call, *beside):
            await expect(name).to_have_text("Sam Sample")

        cover_now(sam, by="Ada Moreno")

        for name in (*on_call, *beside):
            await expect(name).to_have_text("Ada Moreno")
        assert [one.troubles for one in (services, board, wall)] == [[], [], []]


async def test_a_wall_of_a_team_that_is_called_otherwise_by_now_does_not_say_that_all_is_well(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    number = a_team(sam, "Night")
    async with a_board(browser, server, sam.headers["Cookie"], path="/wall/night", screen="wall") as wall:
        calm = wall.page.get_by_role("heading", name="All is well")
        await expect(calm).to_be_visible()

        call_otherwise(sam, number, "Late")

        await expect(calm).to_be_hidden()
        await expect(wall.page.get_by_role("alert")).to_contain_text("There is no board “night”")
