"""Schedules in Chromium, on the whole product: overridden in three clicks, by keyboard, by dragging; and edited."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.boards import OVERFLOWING, Board, a_board
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
DAY_S = 86_400
LONGER_THAN_NICEGUI_WAITS_S = 5.0
OVER_TWO_WEEKS = "/schedules/1?view=fortnight"
WITHOUT_MAIL = " (cannot be paged)"
"""What is said of the sample team, who have mail alone, where there is no mail server."""


@pytest.fixture
async def board(browser: Browser, server: RunningServer, sam: httpx.Client) -> AsyncIterator[Board]:
    """The sample schedule over two weeks; every override is withdrawn afterwards."""
    async with a_board(browser, server, sam.headers["Cookie"], path=OVER_TWO_WEEKS) as opened:
        await expect(opened.page.locator(".ok-schedule[data-loaded]")).to_be_visible()
        yield opened
        assert opened.troubles == []
    withdraw_all(sam)


def timeline(sam: httpx.Client) -> dict[str, Any]:
    now = time.time()
    return sam.get(f"/api/v1/schedules/1/timeline?from={now}&to={now + 14 * DAY_S}").json()["timeline"]


def overrides(sam: httpx.Client) -> list[dict[str, Any]]:
    return timeline(sam)["overrides"]


def withdraw_all(sam: httpx.Client) -> None:
    for one in overrides(sam):
        assert sam.delete(f"/api/v1/overrides/{one['id']}").status_code == 200


def replaced_by_a_fair(sam: httpx.Client, user: str, start: float) -> int:
    """Have one person be all who is on call for a day, and return the number of what says so."""
    people = {one["name"]: one["id"] for one in sam.get("/api/v1/people").json()}
    span = {"start_at": start, "end_at": start + DAY_S}
    layer = {"name": "Fair", "kind": "fixed", "shifts": [{**span, "user_ids": [people[user]]}]}
    answer = sam.post("/api/v1/schedules/1/temporary", json={"name": "Fair", "layers": [layer], **span})
    return answer.json()["temporary"]["id"]


def the_order_of(sam: httpx.Client, number: str) -> list[str]:
    """Return the names of those who take turns in a schedule, in order, and delete it."""
    kept = sam.get(f"/api/v1/schedules/{number}").json()["schedule"]
    people = {one["id"]: one["name"] for one in sam.get("/api/v1/people").json()}
    assert sam.delete(f"/api/v1/schedules/{number}").status_code == 200
    return [people[group[0]] for group in kept["layers"][0]["groups"]]


async def test_a_page_whose_database_is_slow_is_waited_for(browser: Browser, server: RunningServer, sam: httpx.Client):
    reads = "SELECT pid FROM pg_stat_activity WHERE application_name = 'opsknight screens'"
    owner = await asyncpg.connect(server.owner_dsn())
    stopped = [psutil.Process(row["pid"]) for row in await owner.fetch(reads)]
    await owner.close()
    for process in stopped:
        process.suspend()
    asyncio.get_running_loop().call_later(LONGER_THAN_NICEGUI_WAITS_S, lambda: [one.resume() for one in stopped])

    async with a_board(browser, server, sam.headers["Cookie"], path=OVER_TWO_WEEKS) as opened:
        await expect(opened.page.locator(".ok-schedule[data-loaded]")).to_be_visible()

    assert stopped


def final(page: Page) -> Locator:
    """The row that counts."""
    return page.get_by_role("group", name="On call", exact=True)


def ada(page: Page) -> Locator:
    """Her week, the next that comes."""
    return final(page).get_by_role("button", name=re.compile("^Ada Moreno"))


async def test_a_shift_is_overridden_in_three_clicks_and_taken_back_by_a_fourth(board: Board, sam: httpx.Client):
    page = board.page

    await ada(page).click()
    await page.get_by_role("radio", name="Noor Haddad").click()
    await page.get_by_role("button", name="Save").click()

    taken = final(page).get_by_role("button", name=re.compile("^Noor Haddad, .* override by Sam Sample"))
    await expect(taken).to_be_visible()
    [made] = overrides(sam)
    [hers] = [one for one in timeline(sam)["final"] if one["override_id"] == made["id"]]
    assert (made["change"], hers["user"], hers["instead_of"]) == ("replace", "Noor Haddad", "Ada Moreno")
    assert hers["end_at"] - hers["start_at"] == pytest.approx(7 * DAY_S, abs=3600)

    await page.get_by_role("button", name="Undo").click()
    await expect(ada(page)).to_be_visible()
    assert overrides(sam) == []


async def test_a_shift_is_overridden_by_keyboard_alone(board: Board, sam: httpx.Client):
    page = board.page
    await page.locator(".ok-tl-piece[tabindex='0']").focus()
    await page.keyboard.press("Home")
    while not re.match("^Ada", await page.evaluate("document.activeElement.getAttribute('aria-label')")):
        await page.keyboard.press("ArrowRight")

    await page.keyboard.press("o")
    await expect(page.get_by_role("radio", name="Sam Sample")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="Noor Haddad")).to_be_checked()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(final(page).get_by_role("button", name=re.compile("^Noor Haddad, .* override"))).to_be_visible()
    assert len(overrides(sam)) == 1


async def test_shift_and_arrows_select_a_time_that_enter_overrides(board: Board, sam: httpx.Client):
    page = board.page
    await ada(page).focus()

    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Shift+ArrowRight")
    await expect(page.get_by_text(re.compile("^Selected: .*1 d 1 h"))).to_be_visible()
    await page.keyboard.press("Enter")
    await page.get_by_role("radio", name="Noor Haddad").check()
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("dialog")).to_have_count(0)
    [made] = overrides(sam)
    assert made["end_at"] - made["start_at"] == 25 * 3600


async def test_a_span_is_dragged_over_the_final_row(board: Board):
    page = board.page
    box = await ada(page).bounding_box()
    assert box is not None

    await page.mouse.move(box["x"] + 30, box["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 120, box["y"] + 20, steps=6)
    await page.mouse.up()

    await expect(page.get_by_role("dialog", name="Change who is on call")).to_be_visible()
    await expect(page.get_by_text("As selected")).to_be_visible()


async def test_a_gap_is_told_in_red_before_it_is_saved(board: Board, sam: httpx.Client):
    page = board.page

    await ada(page).click()
    await page.get_by_role("radio", name="Take off call").check()

    said = page.get_by_role("dialog").locator(".ok-cover-preview")
    await expect(said).to_contain_text("Ada Moreno is off call for 7 d.")
    await expect(said.locator(".ok-error")).to_contain_text("Nobody is on call")
    assert overrides(sam) == []


async def test_who_is_on_call_on_a_day_at_three_is_answered_with_why(board: Board):
    page = board.page
    at_three = time.strftime("%Y-%m-%dT03:00", time.gmtime(time.time() + 10 * DAY_S))

    await page.get_by_label("Date and time").fill(at_three)

    answer = page.locator(".ok-who-at [role=status]")
    await expect(answer).to_contain_text(re.compile(r"is on call, until .* By the layer “Weekly”"))


async def test_a_shift_of_mine_is_offered_and_taken_back_and_leave_is_noted(board: Board, sam: httpx.Client):
    page = board.page
    await final(page).get_by_role("button", name=re.compile("^Sam Sample")).first.click()
    await page.get_by_role("radio", name="Ask others").check()
    await expect(page.get_by_text("you stay on call and are paged as before")).to_be_visible()
    await page.get_by_role("button", name="Ask", exact=True).click()

    offered = page.locator(".ok-asked-line", has_text="You offer")
    await expect(offered).to_contain_text("Wants cover, nothing in return.")
    await offered.get_by_role("button", name="Withdraw").click()
    await expect(offered).to_have_count(0)

    await page.get_by_role("button", name="I am away").click()
    await page.get_by_label("Who has the shifts meanwhile").select_option(label=f"Noor Haddad{WITHOUT_MAIL}")
    await page.get_by_role("button", name="Save").click()
    gone = page.locator(".ok-asked-line", has_text="Noor Haddad has their shifts.")
    await expect(gone).to_be_visible()
    await gone.get_by_role("button", name="Withdraw").click()
    await expect(gone).to_have_count(0)


async def test_a_layer_is_edited_with_its_gaps_before_saving_and_the_order_by_buttons(board: Board, sam: httpx.Client):
    page = board.page
    await page.goto(page.url.split("/schedules")[0] + "/schedules/new")
    await page.get_by_label("Name", exact=True).fill("Second line")
    for person in ("Ada Moreno", "Noor Haddad"):
        await page.get_by_label("Add a person").select_option(label=f"{person}{WITHOUT_MAIL}")
    await expect(page.get_by_text("Somebody is on call all the time")).to_be_visible()

    await page.get_by_role("button", name="Only in some hours").click()
    await expect(page.locator(".ok-schedule-gaps")).to_contain_text("Nobody is on call")
    await page.get_by_role("button", name="Turn 2 earlier").click()
    await page.get_by_role("button", name="Make the schedule").click()

    await expect(page.get_by_role("heading", name="Second line")).to_be_visible()
    number = page.url.rsplit("/", 1)[1].partition("?")[0]
    assert the_order_of(sam, number) == ["Noor Haddad", "Ada Moreno"]


async def test_a_temporary_schedule_is_edited_from_the_list_until_it_is_withdrawn(board: Board, sam: httpx.Client):
    page, there = board.page, board.page.url.partition("?")[0]
    start = time.time() + DAY_S
    number = replaced_by_a_fair(sam, "Ada Moreno", start)

    await page.reload()
    await page.get_by_role("link", name="Edit Fair").click()
    await page.get_by_label("Who has shift 1").select_option(label=f"Noor Haddad{WITHOUT_MAIL}")
    await expect(page.locator(".ok-load").get_by_text("Noor Haddad")).to_be_visible()
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("“Fair” replaces “Platform on call” for 1 d, in").first).to_be_visible()
    [line] = [one for one in timeline(sam)["final"] if one["temporary_id"] == number]
    assert (line["user"], line["start_at"]) == ("Noor Haddad", pytest.approx(start, abs=1e-3))
    await page.get_by_role("button", name="Withdraw Fair").click()
    await expect(page.get_by_text("Nothing replaces it, now or later.")).to_be_visible()
    await page.goto(f"{there}/temporary/{number}")
    await expect(page.get_by_text("There is no such temporary schedule, or it has been withdrawn.")).to_be_visible()


async def test_a_phone_shows_an_agenda_and_overrides_from_it(
    browser: Browser, server: RunningServer, sam: httpx.Client
):
    async with a_board(browser, server, sam.headers["Cookie"], screen="phone", path=OVER_TWO_WEEKS) as opened:
        page = opened.page
        await page.locator(".ok-agenda-part").last.tap()
        await expect(page.get_by_role("dialog")).to_be_visible()
        found = await page.evaluate(OVERFLOWING)
        assert (found, opened.troubles) == ([], [])
