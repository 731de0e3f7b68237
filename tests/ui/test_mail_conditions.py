"""The conditions of an e-mail integration are made by plain controls, looked at, and saved as a whole."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from opsknight.ui.integration.body import readable_mail
from tests.ui.devices import Device


@pytest.fixture
async def page(laptop: Device, gallery: str) -> Page:
    page = await laptop.new_page()
    await page.goto(f"{gallery}/integrations/4")
    await page.locator("html[data-live=live]").wait_for()
    return page


@pytest.mark.e2e
async def test_the_address_to_mail_to_is_there_to_copy(page: Page):
    address = "9f8e7d6c5b4a39281706f5e4d3c2b1a0@alerts.example.com"

    await expect(page.locator("#s-set-up dd").first).to_have_text(address)
    await expect(page.locator("#s-set-up .ok-copybox").first).to_contain_text(
        f'mail -s "RESOLVED: disk full on db-1" {address}'
    )


@pytest.mark.e2e
async def test_a_condition_is_added_filled_and_saved_with_the_others(page: Page):
    await page.get_by_role("button", name="Add a condition").click()
    added = page.get_by_role("group", name="Condition 3")
    await expect(page.get_by_text("A condition has no words yet.")).to_be_visible()
    await added.get_by_label("If").select_option("the sender")
    await added.get_by_label("How").select_option("starts with")
    await added.get_by_label("Words").fill("newsletter@")
    await added.get_by_label("Then").select_option("nothing happens")
    await page.get_by_label("Every other mail").select_option("is ignored")
    await expect(page.get_by_text("Not saved yet.")).to_be_visible()

    async with page.expect_request("**/api/v1/integrations/4/mail-conditions") as asked:
        # Both before the server can answer the first: what is saved is what the person left.
        await page.evaluate(
            "for (const name of ['Remove condition 2', 'Save'])"
            " [...document.querySelectorAll('button')]"
            ".find((one) => (one.ariaLabel ?? one.textContent).trim() === name).click()"
        )

    request = await asked.value
    assert (request.method, request.post_data_json) == (
        "PUT",
        {
            "conditions": [
                {"field": "subject", "how": "word", "value": "closed", "then": "resolve"},
                {"field": "sender", "how": "starts with", "value": "newsletter@", "then": "ignore"},
            ],
            "words": True,
            "otherwise": "ignore",
            "key": {"of": "between", "field": "subject", "after": "Ticket ", "before": " was"},
        },
    )


@pytest.mark.e2e
async def test_typing_into_a_condition_keeps_the_focus_and_a_preview_follows_it(page: Page):
    words = page.get_by_role("group", name="Condition 1").get_by_label("Words")
    await words.press("End")
    await words.press_sequentially(" today", delay=30)
    await expect(page.get_by_text("Not saved yet.")).to_be_visible()

    await expect(words).to_be_focused()
    await expect(words).to_have_value("closed today")
    await page.get_by_role("button", name="Preview on the last 50").click()

    await expect(page.locator(".ok-previews")).to_contain_text("closed today")


def test_a_raw_mail_is_read_by_a_person_with_its_headers_that_matter():
    raw = (
        b"Return-Path: <x>\r\nReceived: from a by b\r\nFrom: Ada <ada@example.org>\r\n"
        b"Subject: =?utf-8?Q?Gr=C3=BCn?=\r\nDate: today\r\nContent-Type: text/html\r\n\r\n<p>All is <b>well</b>"
    )

    assert readable_mail(raw) == "From: Ada <ada@example.org>\nDate: today\nSubject: Grün\n\nAll is well"
    assert readable_mail(b"\xff") == "\ufffd"
