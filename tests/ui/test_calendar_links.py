"""One's own calendar links on /me: a new one is shown once to be copied, and each is revoked by itself."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

ADDRESS = "https://ops.example.org/calendars/once.ics"


async def _open(laptop: Device, gallery: str, path: str = "/me") -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        body = json.dumps({"id": 3, "url": ADDRESS, "sentence": "It is so."})
        await route.fulfill(status=200, content_type="application/json", body=body)

    await answer_to(page, "**/api/v1/calendar-feeds**", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


@pytest.mark.e2e
async def test_a_new_link_is_shown_once_with_a_way_to_copy_it(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.get_by_label("What a new link is for").fill("My phone")

    await page.keyboard.press("Enter")

    await expect(page.get_by_text(ADDRESS)).to_be_visible()
    await expect(page.get_by_role("button", name="Copy the calendar's address")).to_be_focused()
    assert sent == [("POST", "/api/v1/calendar-feeds", {"name": "My phone"})]


@pytest.mark.e2e
async def test_a_link_is_revoked_where_it_stands(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await expect(page.get_by_text("by Google-Calendar-Importer")).to_be_visible()

    await page.get_by_role("button", name="Revoke My phone").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [("DELETE", "/api/v1/calendar-feeds/2", None)]


@pytest.mark.e2e
async def test_a_schedule_is_given_out_with_its_gaps_where_that_is_wanted(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/schedules/1")
    await page.get_by_label("What a new link is for").fill("Wall")
    await page.get_by_label("Show the times in which nobody is on call").check()

    await page.get_by_role("button", name="Make a link").click()

    await expect(page.get_by_text(ADDRESS)).to_be_visible()
    assert sent == [("POST", "/api/v1/calendar-feeds", {"schedule_id": 1, "name": "Wall", "with_gaps": True})]


@pytest.mark.e2e
async def test_a_team_has_its_links_behind_a_line_of_its_own(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/teams")
    await page.get_by_text("In your calendar: 2").click()
    await page.get_by_label("What a new link is for").fill("Kitchen")

    await page.keyboard.press("Enter")

    await expect(page.get_by_text(ADDRESS)).to_be_visible()
    assert sent == [("POST", "/api/v1/calendar-feeds", {"team_id": 1, "name": "Kitchen", "with_gaps": False})]
