"""Handoffs on screen: what is left for the reader, and what they leave."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.browsers import answer_from_now
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e


async def _open(laptop: Device, address: str) -> Page:
    page = await laptop.new_page()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    return page


@pytest.mark.parametrize("path", ["/me", "/oncall"])
async def test_what_is_left_names_what_is_still_theirs(laptop: Device, gallery: str, *, path: str):
    page = await _open(laptop, gallery + path)

    checks, left = page.locator("#s-before-your-shift"), page.locator("#s-left-for-you")
    await expect(checks.locator("[data-state=bad]")).to_contain_text("Mend it: You are away from")
    await expect(left).to_contain_text("Replica db-2 lags since 02:10.")
    await expect(left).to_contain_text("Jonas Olsen still owns")
    await expect(left.get_by_role("link", name="#412").first).to_have_attribute("href", "/incidents/412")


async def test_who_is_on_call_stands_before_what_the_reader_has_to_see_to(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/oncall")

    after = page.locator("#ok-on-call ~ #s-before-your-shift, #ok-on-call ~ * #s-before-your-shift")

    await expect(after).to_have_count(1)


async def test_a_bad_night_does_not_bury_what_stands_below_it(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")
    night = page.locator("#s-your-handoff").get_by_role("link", name="Queue")

    shown = await night.filter(visible=True).count()
    await page.locator("#s-your-handoff").get_by_text("3 more").click()

    assert shown == 5
    await expect(night.filter(visible=True)).to_have_count(8)


async def test_a_note_is_saved_as_it_was_written(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")
    where, said = "**/api/v1/schedules/3/handoff", json.dumps({"sentence": "Whoever comes reads it."})
    await answer_from_now(
        page, where, lambda route: route.fulfill(status=200, content_type="application/json", body=said)
    )

    await page.get_by_label("Note for who comes").fill("All is calm.\nMind #412.")
    async with page.expect_request(where) as asked:
        await page.get_by_role("button", name="Change the note").press("Enter")

    request = await asked.value
    assert (request.method, json.loads(request.post_data or "")) == ("PUT", {"text": "All is calm.\nMind #412."})
    await expect(page.locator(".ok-toast")).to_contain_text("Whoever comes reads it.")


async def test_a_refused_note_is_kept_on_the_page_with_the_reason(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/me")
    refusal = json.dumps({"detail": "You are not on call on Payments."})
    await answer_from_now(
        page, "**/handoff", lambda route: route.fulfill(status=409, content_type="application/json", body=refusal)
    )

    await page.get_by_label("Note for who comes").fill("too late")
    await page.get_by_role("button", name="Change the note").click()

    await expect(page.locator("#handoff-3-refusal")).to_have_text(
        "You are not on call on Payments. What you wrote is kept."
    )
    await expect(page.get_by_label("Note for who comes")).to_have_value("too late")


async def test_the_notes_of_a_schedule_go_on_into_the_past(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/schedules/1?view=fortnight")
    notes = page.locator("#s-handoff-notes .ok-handoff")
    await expect(notes).to_have_count(2)

    await page.get_by_role("button", name="Earlier").click()

    await expect(notes).to_have_count(4)
    await expect(page.get_by_role("button", name="Earlier")).to_be_hidden()
