"""Drills and readiness on screen: who answered, how fast each hop was, and how one is begun."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, Request, expect

from tests.browsers import answer_from_now
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

BEGUN = json.dumps({"id": "1", "sentence": "The drill of Ada has begun."})
REFUSED = json.dumps({"detail": "Nobody is on call on Primary now, so there is nobody to drill."})


async def _open(laptop: Device, address: str) -> Page:
    page = await laptop.new_page()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    return page


async def _sent(page: Page, press: str, *, inside: str, status: int = 201, body: str = BEGUN) -> Request:
    """Press a button and return what it asked for."""
    await answer_from_now(
        page,
        "**/api/v1/drills**",
        lambda route: route.fulfill(status=status, content_type="application/json", body=body),
    )
    async with page.expect_request("**/api/v1/drills**") as asked:
        await page.locator(inside).get_by_role("button", name=press).first.click()
    return await asked.value


async def test_a_drill_shows_each_hop_in_seconds_and_who_is_silent(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/drills")

    drill = page.locator("#drill-1")
    await expect(drill).to_contain_text("1 of 3 acknowledged")
    await expect(drill.get_by_role("region", name="Amira Khan")).to_contain_text(
        "Acknowledged after 14 s, by push button"
    )
    push = drill.locator(".ok-drill-message").filter(has_text="Pixel 8")
    assert await push.locator(".ok-drill-hop .ok-tab").all_inner_texts() == ["0.2 s", "1.9 s", "14 s", "14 s"]
    await expect(drill.get_by_role("region", name="Bo Lindqvist")).to_contain_text("No answer yet")


async def test_a_drill_that_is_over_says_what_it_found(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/drills/2")

    await expect(page.locator(".ok-drill .ok-note")).to_contain_text("Bo Lindqvist did not answer within 15 min")


async def test_a_schedule_is_drilled_in_three_clicks(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/drills")
    await page.get_by_role("button", name="Run a drill").click()
    await expect(page.locator("#drill-person")).to_be_hidden()
    await page.get_by_role("radio", name="A schedule").click()

    request = await _sent(page, "Page them now", inside="#ok-drill-form")

    assert (request.method, json.loads(request.post_data or "")) == ("POST", {"schedule_id": 1})
    await expect(page.locator("#ok-drill-form")).to_be_hidden()
    await expect(page.locator(".ok-toast")).to_contain_text("has begun")


async def test_a_refusal_stays_in_the_dialog(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/drills")
    await page.get_by_role("button", name="Run a drill").click()

    await _sent(page, "Page them now", inside="#ok-drill-form", status=422, body=REFUSED)

    await expect(page.locator("#drill-error")).to_contain_text("Nobody is on call on Primary now")


async def test_somebody_is_drilled_from_readiness(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/readiness")
    bo = page.locator(".ok-fit").filter(has_text="Bo Lindqvist")
    await expect(bo).to_contain_text("Not ready")

    request = await _sent(page, "Run a drill", inside=".ok-fit[aria-label='Bo Lindqvist']")

    assert json.loads(request.post_data or "") == {"user_id": 2}


async def test_readiness_shows_the_worst_first_and_how_it_is_mended(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/readiness")

    first = page.locator(".ok-fit").first.locator(".ok-checks li").first
    await expect(first).to_have_attribute("data-state", "bad")
    await expect(page.locator(".ok-fit-house")).to_contain_text("Paging is late")
    await expect(page.locator(".ok-fit-figures")).to_contain_text("not ready")


async def test_a_restored_copy_is_armed_by_an_admin_who_is_asked_first(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/readiness")
    house = page.locator(".ok-fit-house")
    await expect(house).to_contain_text("This is a restored copy: it pages nobody until an admin arms it.")
    await house.get_by_role("button", name="Arm", exact=True).click()
    where = "**/api/v1/readiness/arm"
    said = json.dumps({"sentence": "Armed: people are paged from now on."})
    await answer_from_now(
        page, where, lambda route: route.fulfill(status=200, content_type="application/json", body=said)
    )

    async with page.expect_request(where):
        await page.locator("#ok-arm").get_by_role("button", name="Arm", exact=True).click()

    await expect(page.locator("#ok-arm")).to_be_hidden()
    await expect(page.locator(".ok-toast")).to_contain_text("Armed: people are paged from now on.")


async def test_the_weekly_drill_is_changed_in_a_dialog_that_knows_it(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/drills")
    where = "**/api/v1/weekly-drill"
    await answer_from_now(
        page, where, lambda route: route.fulfill(status=200, content_type="application/json", body=BEGUN)
    )
    await page.get_by_role("button", name="Change", exact=True).click()
    await expect(page.get_by_label("By the clock of")).to_have_value("Europe/Berlin")
    await page.get_by_label("At", exact=True).select_option("15:00")

    async with page.expect_request(where) as asked:
        await page.get_by_role("button", name="Save").click()

    request = await asked.value
    wish = {"weekday": 2, "hour": 15, "zone": "Europe/Berlin", "schedule_id": None}
    assert (request.method, json.loads(request.post_data or "")) == ("PUT", wish)
