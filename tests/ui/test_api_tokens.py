"""One's own API tokens on /me: a new one is shown once to be copied, and each is revoked by itself."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e
TOKEN = "ok_" + "a" * 43


async def _open(laptop: Device, gallery: str) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        body = json.dumps({"id": 8, "token": TOKEN, "sentence": "It is so."})
        await route.fulfill(status=200, content_type="application/json", body=body)

    await answer_to(page, "**/api/v1/api-tokens**", answer)
    await page.goto(f"{gallery}/me")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_a_new_token_is_shown_once_with_a_way_to_copy_it(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.get_by_label("What a new token is for").fill("Deploy script")
    await page.get_by_label("It only reads").check()

    await page.get_by_role("button", name="Make a token").click()

    await expect(page.get_by_text(TOKEN)).to_be_visible()
    await expect(page.get_by_role("button", name="Copy the API token")).to_be_focused()
    assert sent == [("POST", "/api/v1/api-tokens", {"name": "Deploy script", "reads_only": True, "days": 90})]


async def test_a_token_that_lasts_until_it_is_revoked_is_asked_for_by_the_keyboard(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.get_by_label("How long it counts").select_option("Until it is revoked")
    await page.get_by_label("What a new token is for").fill("On-call bot")

    await page.keyboard.press("Enter")

    await expect(page.get_by_text(TOKEN)).to_be_visible()
    assert sent == [("POST", "/api/v1/api-tokens", {"name": "On-call bot", "reads_only": False, "days": None})]


async def test_a_token_is_revoked_where_it_stands(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await expect(page.get_by_text("by curl/8.5.0")).to_be_visible()

    await page.get_by_role("button", name="Revoke Deploy script").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [("DELETE", "/api/v1/api-tokens/7", None)]
