"""The pages of schedules: what the list says, what the time line shows and tells, and what is sent."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browsers import answer_from_now
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e
UNREAD = ".ok-schedule:not([data-loaded]), .ok-editor:not([data-loaded])"
"""What waits for its own request: a live page is there before it is answered."""


async def _open(laptop: Device, gallery: str, path: str) -> Page:
    page = await laptop.new_page()
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    await expect(page.locator(UNREAD)).to_have_count(0)
    return page


def _final(page: Page) -> Locator:
    return page.get_by_role("group", name="On call", exact=True)


async def test_the_list_says_who_is_on_call_who_is_next_and_what_nobody_covers(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules")

    first = page.locator("#schedule-1")

    # On a Monday morning the gap of the sample ends within the hour.
    sentence = re.compile(r"^\s*Nobody from .+ for (\d+ (d|h|min|s)\s*)+$")
    await expect(first.locator(".ok-schedules-gap").first).to_have_text(sentence)
    await expect(first.get_by_text("on call while away")).to_be_visible()
    await expect(page.locator("#schedule-2").get_by_text("Covered for four weeks")).to_be_visible()
    await expect(page.locator("#schedule-3").get_by_text("Nobody", exact=True)).to_be_visible()
    await expect(page.locator("#schedule-1 h2 a")).to_have_attribute("href", "/schedules/1")


async def test_the_time_line_has_what_counts_on_top_and_the_shadows_last(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=fortnight")

    bands = page.locator(".ok-tl-band")

    await expect(bands.first).to_be_visible()
    kinds = await bands.evaluate_all("(all) => all.map((one) => one.dataset.kind)")
    assert (kinds[0], kinds[-1]) == ("final", "shadow")
    assert "layer" in kinds


async def test_who_are_on_call_at_once_stand_one_below_the_other(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=fortnight")

    lanes = await page.locator(".ok-tl-piece[data-kind=final]").evaluate_all(
        "all => [...new Set(all.map((one) => `${one.offsetTop} ${one.offsetTop + one.offsetHeight}`))]"
    )

    first, second = sorted([int(edge) for edge in lane.split()] for lane in lanes)
    assert first[1] <= second[0]


async def test_a_piece_tells_who_from_when_and_why_to_the_pointer_and_to_the_focus(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=week")
    piece, card = _final(page).get_by_role("button").last, page.locator(".ok-tl-card")

    await piece.hover()
    await expect(card).to_be_visible()
    await page.mouse.move(2, 2)
    await expect(card).to_be_hidden()
    await piece.focus()
    await page.keyboard.press("Home")
    await page.keyboard.press("End")

    await expect(piece).to_be_focused()
    await expect(card).to_contain_text(re.compile(r"\d+ (h|d).*\."))


async def test_one_piece_takes_part_in_the_tab_order_and_esc_lets_a_selection_go(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=week&day=2031-03-12")
    await expect(_final(page).get_by_role("button").first).to_be_visible()

    assert await page.locator(".ok-tl-piece[tabindex='0']").count() == 1
    await page.locator(".ok-tl-piece[tabindex='0']").focus()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(page.get_by_text(re.compile("^Selected: "))).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(page.get_by_text(re.compile("^Selected: "))).to_have_count(0)


async def test_the_day_on_which_the_clocks_change_is_marked_in_every_view(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=week&day=2031-03-30")

    await expect(page.locator(".ok-tl-day em")).to_have_text("23 h")
    await page.get_by_role("radio", name="Month").check()

    changed = page.get_by_role("region", name="Sunday 30. The clocks go forward: this day has 23 h")
    await expect(changed.locator("em")).to_have_text("23 h")


async def test_times_are_shown_in_the_zone_of_the_reader_of_the_schedule_or_in_utc(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=day&day=2031-01-15")
    name = page.locator(".ok-tl-head .ok-tl-name")

    await expect(name).to_have_text("CET")
    await page.get_by_label("Times in the zone").select_option("UTC")

    await expect(name).to_have_text("UTC")


async def test_the_arrows_walk_through_the_calendar(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=month&day=2031-01-15")
    parts = page.locator(".ok-month-part")
    await parts.first.focus()

    await page.keyboard.press("ArrowRight")
    await expect(parts.nth(1)).to_be_focused()
    await page.keyboard.press("ArrowLeft")

    await expect(parts.first).to_be_focused()


async def _asking_others(page: Page) -> list[dict[str, Any]]:
    """Open what asks others for one of Amira's shifts, and return what is sent to ask them."""
    sent: list[dict[str, Any]] = []

    async def answer(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "null"))
        said = json.dumps({"sentence": "Asked.", "swap": {"id": 9}})
        await route.fulfill(status=201, content_type="application/json", body=said)

    await answer_from_now(page, "**/api/v1/schedules/1/swaps", answer)
    await _final(page).get_by_role("button", name=re.compile("^Amira Khan")).first.click()
    await page.get_by_role("radio", name="Ask others").check()
    return sent


async def test_what_is_asked_of_others_is_sent_as_it_was_chosen(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=week&day=2031-01-15")
    sent = await _asking_others(page)
    await page.get_by_role("radio", name="Swap for a shift of theirs").check()
    await page.get_by_label("Whom you ask").select_option(label="Wei Zhang")
    await expect(page.get_by_label("The shift you want")).to_have_value("")
    await page.get_by_label("The shift you want").select_option(index=1)
    await page.get_by_label("To be taken by").fill("2031-01-13T08:30")
    await page.get_by_role("button", name="Ask", exact=True).click()

    await expect(page.get_by_text("Asked.").first).to_be_visible()
    [wish] = sent
    assert (wish["kind"], wish["user_id"], wish["offered_to"]) == ("swap", 1, [3])
    assert wish["end_at"] > wish["start_at"]
    assert wish["return_end_at"] > wish["return_start_at"]
    assert wish["expires_at"] == datetime(2031, 1, 13, 8, 30, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


async def test_an_offer_says_of_what_may_be_chosen_only_what_was(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1?view=week&day=2031-01-15")
    sent = await _asking_others(page)
    await expect(page.get_by_label("The shift you want")).to_have_count(0)
    await page.get_by_role("button", name="Ask", exact=True).click()

    await expect(page.get_by_text("Asked.").first).to_be_visible()
    assert not {"return_start_at", "return_end_at", "expires_at"} & sent[0].keys()


async def test_what_one_may_not_take_is_not_offered_to_be_taken_and_of_a_whole_swap_no_part(
    laptop: Device, gallery: str
):
    page = await _open(laptop, gallery, "/schedules/1")

    for_others = (
        page.locator(".ok-asked-line").filter(has_text="Asked: Wei Zhang").filter(has_text="Jonas Olsen offers")
    )
    whole = page.locator(".ok-asked-line").filter(has_text="Wei Zhang offers")

    await expect(for_others.get_by_role("button")).to_have_text(["Withdraw"])
    await expect(whole.get_by_role("button")).to_have_text(["Take it", "Withdraw"])


async def test_a_part_of_an_offered_shift_is_taken_and_it_is_told_what_stays_offered(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1")
    sent: list[dict[str, float]] = []

    async def answer(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "null"))
        await route.fulfill(status=200, content_type="application/json", body=json.dumps({"sentence": "Taken."}))

    await answer_from_now(page, "**/api/v1/swaps/1/take", answer)
    await page.get_by_role("button", name="Take a part").first.click()
    part = page.get_by_role("dialog", name="Take a part of this shift")
    await expect(part.get_by_role("status")).to_have_text("That is all of it.")
    begins = datetime.fromisoformat(await part.get_by_label("From").input_value())
    await part.get_by_label("To").fill((begins + timedelta(hours=-1)).isoformat(timespec="minutes"))
    await expect(part.get_by_role("button", name="Take it")).to_be_disabled()
    await part.get_by_label("To").fill((begins + timedelta(hours=2)).isoformat(timespec="minutes"))
    await expect(part.get_by_role("status")).to_contain_text("Still offered:")
    await part.get_by_role("button", name="Take it").click()

    await expect(part).to_be_hidden()
    [wish] = sent  # the shift itself begins within the minute that the field shows
    assert 119 * 60 < wish["end_at"] - wish["start_at"] <= 120 * 60


async def test_whoever_takes_a_part_of_a_swap_is_told_that_they_give_a_whole_shift(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1")
    offered = page.locator(".ok-asked-line").filter(has_text="Wants a shift in return").filter(has_text="Maximiliane")

    await offered.get_by_role("button", name="Take a part").click()

    part = page.get_by_role("dialog", name="Take a part of this shift")
    await expect(part.get_by_text(re.compile(r"They get all of it, .*h, for .* of theirs\."))).to_be_visible()


async def test_a_layer_and_its_people_are_put_in_order_by_buttons(laptop: Device, gallery: str):
    page = await _open(laptop, gallery, "/schedules/1/edit")
    layers, people = page.locator(".ok-layer-open b"), page.locator(".ok-group-people")
    await expect(people.first).to_contain_text("Amira Khan")

    await page.get_by_role("button", name="Turn 2 earlier").click()
    await expect(people.first).to_contain_text("Jonas Olsen")
    await page.get_by_role("button", name="Move Nights down").click()

    await expect(layers.first).to_have_text("Weekdays")
    await expect(page.get_by_text("Jonas Olsen has no verified contact method")).to_be_visible()
    await expect(page.get_by_text("Amira Khan would not be on call any more by a swap with Wei Zhang:")).to_be_visible()


async def test_the_gaps_of_a_draft_are_told_until_a_week_after_the_second_change_of_the_clocks(
    laptop: Device, gallery: str
):
    page = await _open(laptop, gallery, "/schedules/1/edit")

    gaps = page.locator(".ok-editor-preview .ok-schedule-gaps")

    await expect(gaps).to_contain_text("Nobody is on call")
    await expect(gaps).to_contain_text("a week after the second change of the clocks.")
    await expect(page.locator(".ok-editor-clock")).to_contain_text("is on call")
