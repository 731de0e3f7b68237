"""Another mail address on the page Me and on a person's page: first the address, then the code that came there."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e


async def _open(laptop: Device, gallery: str, path: str) -> tuple[Page, list[tuple[str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        wrong = sent[-1][1] == {"code": "1"}
        status, said = (422, {"detail": "This is not the code."}) if wrong else (200, {"sentence": "It is so."})
        await route.fulfill(status=status, content_type="application/json", body=json.dumps(said))

    for routes in ("me/address**", "me/address/**", "people/*/address**", "people/*/address/**"):
        await answer_to(page, f"**/api/v1/{routes}", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


@pytest.mark.parametrize(("path", "url"), [("/me", "/api/v1/me/address"), ("/people/1", "/api/v1/people/1/address")])
async def test_the_code_is_asked_for_once_it_was_sent(laptop: Device, gallery: str, path: str, url: str):
    page, sent = await _open(laptop, gallery, path)

    await page.get_by_role("button", name="Change mail address").click()
    asked = page.locator("#ok-address")
    await expect(asked.get_by_label("Code from the mail")).to_be_hidden()
    await asked.get_by_label("New address").fill("ada@new.example")
    await asked.get_by_label("New address").press("Enter")
    await asked.get_by_label("Code from the mail").fill("1")
    await asked.get_by_role("button", name="Change it").click()
    await expect(asked.get_by_role("alert")).to_have_text("This is not the code.")
    await asked.get_by_label("Code from the mail").fill("123456")
    await asked.get_by_label("Code from the mail").press("Enter")

    await expect(page.locator("#ok-address")).to_be_hidden()
    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [
        (url, {"email": "ada@new.example"}),
        (f"{url}/confirm", {"code": "1"}),
        (f"{url}/confirm", {"code": "123456"}),
    ]
