"""One's own page: quiet hours are added and removed, and somebody is paged instead for a while."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

NIGHTS = {"weekdays": [1, 2, 3, 4, 5], "start": "22:00", "end": "07:00"}
MORNINGS = {"weekdays": [1, 3, 6, 7], "start": "00:00", "end": "09:30"}


async def _open(laptop: Device, gallery: str, path: str, *, refused: str = "") -> tuple[Page, list[Any]]:
    page, sent = await laptop.new_page(), list[Any]()

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.rsplit("/", 1)[1], request.post_data_json))
        if refused:
            body = json.dumps({"detail": refused})
            await route.fulfill(status=422, content_type="application/problem+json", body=body)
        else:
            await route.fulfill(status=200, content_type="application/json", body=json.dumps({"sentence": "Done so."}))

    for routes in ("quiet-hours", "undisturbed"):
        await answer_to(page, f"**/api/v1/me/{routes}", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_quiet_hours_are_added_to_those_there_are(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/me")

    await page.get_by_role("button", name="Add quiet hours").click()
    dialog = page.get_by_role("dialog", name="Add quiet hours")
    await dialog.get_by_label("Friday").uncheck(force=True)
    await dialog.get_by_label("From").fill("12:30")
    await dialog.get_by_label("To").fill("13:00")
    await dialog.get_by_role("button", name="Add", exact=True).click()

    await expect(dialog).to_be_hidden()
    lunch = {"weekdays": [1, 2, 3, 4], "start": "12:30", "end": "13:00"}
    assert sent == [("PUT", "quiet-hours", {"windows": [NIGHTS, MORNINGS, lunch]})]


async def test_what_is_refused_stays_open_with_the_reason(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/me/new", refused="Choose at least one day, from 1 (Monday) to 7 (Sunday).")

    await page.get_by_role("button", name="Add quiet hours").click()
    dialog = page.get_by_role("dialog", name="Add quiet hours")
    await dialog.get_by_role("button", name="Add", exact=True).click()

    await expect(dialog.get_by_role("alert")).to_have_text("Choose at least one day, from 1 (Monday) to 7 (Sunday).")


async def test_one_of_the_quiet_hours_is_removed(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/me")

    await page.get_by_role("button", name="Remove Mon–Fri 22:00–07:00").click()

    await expect(page.get_by_text("Done so.", exact=True).first).to_be_visible()
    assert sent == [("PUT", "quiet-hours", {"windows": [MORNINGS]})]


async def test_somebody_is_paged_instead_for_a_span_or_until_an_instant(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/me/new")

    await page.get_by_role("button", name="Do not disturb me").click()
    dialog = page.get_by_role("dialog", name="Do not disturb me")
    await expect(dialog.get_by_label("Until, by your clock")).to_be_hidden()
    await dialog.get_by_label("For").select_option("8 hours")
    await dialog.get_by_role("button", name="Do not disturb me").click()
    await expect(dialog).to_be_hidden()

    await page.get_by_role("button", name="Do not disturb me").click()
    await dialog.get_by_label("For").select_option("Until…")
    await dialog.get_by_role("button", name="Do not disturb me").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Say until when.")
    await dialog.get_by_label("Until, by your clock").fill("2030-01-01T00:00")
    await dialog.get_by_role("button", name="Do not disturb me").click()
    await expect(dialog).to_be_hidden()

    assert sent[0] == ("PUT", "undisturbed", {"for_s": 28800, "substitute_id": 2})
    assert sent[1][2].keys() == {"until", "substitute_id"}


async def test_who_is_not_to_be_disturbed_is_paged_again_by_one_press(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/me")

    await page.get_by_role("button", name="Page me again").click()

    await expect(page.get_by_text("Done so.", exact=True).first).to_be_visible()
    assert sent == [("DELETE", "undisturbed", None)]


async def test_what_is_removed_stays_removed_while_the_page_does_not_show_it_yet(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/me")

    # Both before the page can show the first.
    await page.evaluate("for (const one of document.querySelectorAll('[data-act=quiet-remove]')) one.click()")

    await expect(page.get_by_text("Done so.", exact=True)).to_have_count(3)  # two toasts, and it is said aloud once
    assert [body["windows"] for _, _, body in sent] == [[MORNINGS], []]
