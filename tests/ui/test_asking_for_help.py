"""Asking for help on an incident's page, and answering there; watching it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.bounds import PATIENCE_MS
from tests.browsers import answer_from_now
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

WHERE = "**/api/v1/incidents/*/responders"


async def _open(laptop: Device | BrowserContext, gallery: str) -> Page:
    page = await laptop.new_page()
    await page.goto(f"{gallery}/incidents/412")
    await page.locator("html[data-live=live]").wait_for()
    return page


async def _answer(page: Page, where: str, *, status: int, body: dict[str, Any]) -> None:
    answer = {"status": status, "content_type": "application/json", "body": json.dumps(body)}
    await answer_from_now(page, where, lambda route: route.fulfill(**answer))


async def test_help_is_asked_for_by_the_keyboard_alone(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    await _answer(page, WHERE, status=200, body={"sentence": "Wei Zhang is asked to help."})

    await page.keyboard.press("h")
    await expect(page.get_by_label("Find a person")).to_be_focused()
    await page.get_by_text("Wei Zhang").wait_for()
    await page.keyboard.type("wei")
    await page.keyboard.press("Enter")
    await page.get_by_label("Note").fill("it is the replica")
    async with page.expect_request(WHERE) as asked:
        await page.get_by_role("button", name="Ask Wei Zhang").press("Enter")

    request = await asked.value
    assert json.loads(request.post_data or "") == {
        "user_ids": [3], "schedule_id": None, "team_id": None, "note": "it is the replica",
    }  # fmt: skip
    await expect(page.locator(".ok-toast")).to_contain_text("Wei Zhang is asked to help.")
    await expect(page.get_by_role("dialog", name="Ask for help")).to_have_count(0)


async def test_a_refusal_keeps_what_was_written(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    await _answer(page, WHERE, status=422, body={"detail": "Payments has nobody else."})

    await page.get_by_role("button", name="Ask for help").click()
    await page.get_by_label("Everybody in the team").select_option(index=1)
    await page.get_by_label("Note").fill("please")
    await page.locator(".ok-asking .ok-button-primary").click()

    await expect(page.locator(".ok-asking [role=alert]")).to_have_text("Payments has nobody else.")
    await expect(page.get_by_label("Note")).to_have_value("please")


@pytest.mark.parametrize(("name", "accept"), [("I help", True), ("I cannot", False)])
async def test_who_is_asked_answers_at_the_top_of_the_page(laptop: Device, gallery: str, *, name: str, accept: bool):
    page = await _open(laptop, gallery)
    await _answer(page, f"{WHERE}/answer", status=200, body={"sentence": "Noted."})

    call = page.get_by_role("group", name="You are asked to help")
    await expect(call).to_contain_text("Jonas Olsen asks you to help")
    async with page.expect_request(f"{WHERE}/answer") as answered:
        await call.get_by_role("button", name=name).click()

    assert json.loads((await answered.value).post_data or "") == {"accept": accept}


async def test_on_a_phone_help_is_asked_for_in_a_dialog_that_fits(browser: Browser, gallery: str):
    phone = await browser.new_context(viewport={"width": 320, "height": 700}, has_touch=True, is_mobile=True)
    phone.set_default_timeout(PATIENCE_MS)
    page = await _open(phone, gallery)

    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Ask for help…").click()
    await page.get_by_text("Wei Zhang").wait_for()

    box = page.locator(".ok-asking")
    assert await box.evaluate("box => box.scrollWidth <= box.clientWidth && box.offsetWidth <= innerWidth")
    cut = "box => [...box.querySelectorAll('small')].filter((one) => one.scrollWidth > one.clientWidth).length"
    assert await box.evaluate(cut) == 0  # why somebody cannot be asked
    heights = "box => [...box.querySelectorAll('.ok-button, .ok-asking-person')].map((one) => one.offsetHeight)"
    assert min(await box.evaluate(heights)) >= 48
    await phone.close()


async def test_one_key_watches_and_the_button_says_whether_one_does(laptop: Device, gallery: str):
    page = await _open(laptop, gallery)
    await _answer(page, "**/api/v1/incidents/*/watch", status=200, body={"sentence": "You watch it."})

    await expect(page.get_by_role("button", name="Watch", pressed=False)).to_be_visible()
    async with page.expect_request("**/api/v1/incidents/*/watch"):
        await page.keyboard.press("w")

    await expect(page.locator(".ok-toast")).to_contain_text("You watch it.")
