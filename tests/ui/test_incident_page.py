"""The page of an incident: a verb paints at once, the server has the last word, reading is not disturbed."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, Route, expect

from tests.browsers import answer_from_now
from tests.ui import samples
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

STATUS = ".ok-incident-head .ok-status"
FRAMES_UNTIL_PAINTED = """async () => {
  const status = () => document.querySelector(".ok-incident-head .ok-status").innerText;
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
  let frames = 0;
  while (status() !== "Acknowledged" && ++frames < 100) await new Promise(requestAnimationFrame);
  return frames;
}"""


async def _open(laptop: Device, gallery: str) -> Page:
    page = await laptop.new_page()
    await page.goto(f"{gallery}/incidents/412")
    await page.locator("html[data-live=live]").wait_for()
    return page


async def _answer(page: Page, verb: str, *, status: int, body: object, when: asyncio.Event | None = None) -> None:
    async def answer(route: Route) -> None:
        if when is not None:
            await when.wait()
        await route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    await answer_from_now(page, f"**/api/v1/incidents/*/{verb}", answer)


async def test_acknowledge_is_on_the_screen_before_the_server_has_answered(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    answered = asyncio.Event()
    line = samples.a_line(status="acknowledged", assignee="Amira Khan", assignee_id=1, version=4, next=None)
    await _answer(page, "acknowledge", status=200, body={"incident": line, "sentence": "Acknowledged."}, when=answered)

    frames = await page.evaluate(FRAMES_UNTIL_PAINTED)

    assert frames <= 2
    await expect(page.get_by_text("Saving")).to_be_visible()
    answered.set()
    await expect(page.get_by_text("Saving")).to_have_count(0)
    await expect(page.locator(STATUS)).to_have_text("Acknowledged")


async def test_a_refusal_paints_back_and_says_why(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    why = "Cannot acknowledge “Replication lag”: it is already resolved."
    line = samples.a_line(status="resolved", version=9, next=None)
    await _answer(page, "acknowledge", status=409, body={"detail": why, "incident": line})

    await page.get_by_role("button", name="Acknowledge").click()

    await expect(page.locator(".ok-toast")).to_contain_text(why)
    await expect(page.locator(STATUS)).to_have_text("Resolved")
    await expect(page.get_by_role("button", name="Reopen")).to_be_visible()


async def test_without_the_server_the_page_says_that_nothing_was_changed(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    await answer_from_now(page, "**/api/v1/incidents/*/resolve", lambda route: route.abort())

    await page.get_by_role("button", name="Resolve").click()

    await expect(page.locator(".ok-toast")).to_contain_text("Nothing was changed")
    await expect(page.locator(STATUS)).to_have_text("Open")


async def test_undo_is_offered_and_asks_the_server(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    done = {"incident": samples.a_line(status="resolved", version=4, next=None), "sentence": "Resolved."}
    undone = {"incident": samples.a_line(version=5), "sentence": "Undone: it is open again."}
    await _answer(page, "resolve", status=200, body=done)
    await _answer(page, "undo", status=200, body=undone)

    await page.keyboard.press("r")
    await page.get_by_role("button", name="Undo").click()

    await expect(page.locator(STATUS)).to_have_text("Open")
    await expect(page.locator(".ok-toast")).to_contain_text("open again")


async def test_escalating_shows_that_it_is_under_way_and_foresees_nothing(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    answered = asyncio.Event()
    await _answer(page, "escalate", status=200, body={"incident": samples.a_line(version=4)}, when=answered)

    await page.keyboard.press("e")

    await expect(page.get_by_text("Escalating")).to_be_visible()
    await expect(page.locator(STATUS)).to_have_text("Open")
    answered.set()
    await expect(page.get_by_text("Escalating")).to_have_count(0)


async def test_the_story_grows_at_its_top_and_leaves_alone_what_is_being_read(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    attempts = page.locator("details", has_text="attempts").first
    await attempts.locator("summary").click()
    await _answer(page, "acknowledge", status=200, body={"incident": samples.a_line(status="acknowledged", version=4)})

    await page.keyboard.press("a")

    await expect(page.locator(".ok-entry p").first).to_have_text("Amira Khan acknowledged it.")
    await expect(attempts).to_have_attribute("open", "")


async def test_the_story_goes_on_into_the_past(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)

    await page.get_by_role("button", name="Earlier").click()

    await expect(page.locator(".ok-entry p").last).to_have_text("It was quiet before.")
    await expect(page.get_by_role("button", name="Earlier")).to_be_hidden()


async def test_why_somebody_was_paged_is_told_when_it_is_asked_and_for_whom(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)

    await page.get_by_text("Why was I paged?").click()
    await expect(page.get_by_text("You were paged by step 1 (on call: Platform on call, Weekly")).to_be_visible()
    await expect(page.get_by_text("as your notification rules for this urgency say")).to_be_visible()

    await page.get_by_label("About").select_option("2")
    await expect(page.get_by_text("is asked by step 2, due 5 min after the first")).to_be_visible()
