"""Replacing a schedule for a while: written shift by shift, looked at, sent; edited, and withdrawn where it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e


async def _open(laptop: Device, gallery: str, path: str) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        if request.method == "GET":
            await route.let_pass()
            return
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        await route.fulfill(status=200, content_type="application/json", body=json.dumps({"sentence": "It is so."}))

    await answer_to(page, "**/api/v1/schedules/1/temporary", answer)
    await answer_to(page, "**/api/v1/temporary-schedules/**", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_shifts_are_written_one_after_the_other_and_sent_as_one_layer(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/schedules/1/temporary")
    replace = page.get_by_role("button", name="Let it replace the schedule")
    await page.get_by_label("From", exact=True).fill("2031-03-10T00:00")
    await page.get_by_label("To", exact=True).fill("2031-03-12T00:00")
    await replace.click()
    await expect(page.get_by_text("Give it a name, such as “Moving day”.")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("Moving day")
    await page.get_by_label("Who has shift 1").select_option(label="Amira Khan")
    await page.get_by_label("Shift 1 from").fill("2031-03-10T00:00")
    await page.get_by_label("Shift 1 to").fill("2031-03-11T00:00")
    await expect(page.get_by_text("Amira Khan would not be on call any more by a swap with Wei Zhang:")).to_be_visible()
    await page.get_by_role("button", name="Add a shift").click()
    await expect(page.get_by_label("Shift 2 from")).to_have_value("2031-03-11T00:00")
    await expect(page.get_by_label("Shift 2 to")).to_have_value("2031-03-12T00:00")
    await page.get_by_label("Who has shift 2").select_option(label="Wei Zhang")
    await replace.click()
    await page.wait_for_url("**/schedules/1?day=2031-03-10")

    midnight = 1_930_863_600  # 10 March 2031 in Berlin
    day = 86_400
    shifts = [
        {"start_at": midnight, "end_at": midnight + day, "user_ids": [1]},
        {"start_at": midnight + day, "end_at": midnight + 2 * day, "user_ids": [3]},
    ]
    layer = {"name": "Moving day", "kind": "fixed", "shifts": shifts}
    wish = {"name": "Moving day", "start_at": midnight, "end_at": midnight + 2 * day, "layers": [layer]}
    assert sent == [("POST", "/api/v1/schedules/1/temporary", wish)]


async def test_people_can_take_turns_in_it(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/schedules/1/temporary")
    await page.get_by_label("Name", exact=True).fill("Fair")
    await page.get_by_role("radio", name="People take turns").check()
    await page.get_by_role("button", name="Let it replace the schedule").click()
    await expect(page.get_by_role("alert").get_by_text("“Layer 1” has nobody yet")).to_be_visible()
    await page.get_by_label("Add a person").select_option(label="Amira Khan")
    await page.get_by_role("button", name="Let it replace the schedule").click()
    await page.wait_for_url("**/schedules/1?day=*")

    [(_, _, wish)] = sent
    assert isinstance(wish, dict)
    [layer] = wish["layers"]
    assert (layer["unit"], layer["groups"]) == ("days", [[1]])


async def test_one_is_withdrawn_from_the_page_of_its_schedule_by_who_may(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/schedules/1")

    await page.get_by_role("button", name="Withdraw Moving day").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [("DELETE", "/api/v1/temporary-schedules/1", None)]
    await page.goto(f"{gallery}/schedules/2")
    await expect(page.locator("#ok-temporary").get_by_text("Moving day")).to_be_visible()
    await expect(page.get_by_role("button", name="Withdraw Moving day")).to_have_count(0)
    await expect(page.get_by_role("link", name="Replace it for a while")).to_have_count(0)


async def _written(page: Page, gallery: str, number: int) -> dict[str, Any]:
    """Return a temporary schedule of the gallery as it is sent back where nothing of it is changed."""
    answer = await page.request.get(f"{gallery}/api/v1/temporary-schedules/{number}")
    return {
        "seen_version" if name == "version" else name: said
        for name, said in (await answer.json())["temporary"].items()
        if name not in ("id", "schedule_id")
    }


async def test_one_is_edited_where_it_stands_and_what_is_not_touched_stays_to_the_second(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/schedules/1")
    expected = await _written(page, gallery, 1)
    await page.get_by_role("link", name="Edit Moving day").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Moving day")
    shown = [page.get_by_label(f"Who has shift {number}").locator("option:checked") for number in (1, 2, 3)]
    assert [await one.text_content() for one in shown] == [
        "Amira Khan", "Wei Zhang", "Maximiliane Oberbichler-Hohenstein",
    ]  # fmt: skip

    await page.get_by_label("Who has shift 3").select_option(label="Jonas Olsen (cannot be paged)")
    async with page.expect_request("**/schedules/1/temporary/preview?instead_of=1"):
        await page.get_by_label("Name", exact=True).fill("Moving days")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**/schedules/1?day=*")

    layer = expected["layers"][0]
    shifts = [layer["shifts"][0], {**layer["shifts"][1], "user_ids": [2]}]
    named = {"name": "Moving days", "layers": [{**layer, "name": "Moving days", "shifts": shifts}]}
    assert sent == [("PUT", "/api/v1/temporary-schedules/1", {**expected, **named})]
    await expect(page.get_by_text("It is so.").first).to_be_visible()


async def test_turns_are_edited_and_a_layer_by_hand_beside_them_is_kept(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/schedules/1/temporary/2")
    expected = await _written(page, gallery, 2)
    await expect(page.get_by_role("radio", name="People take turns")).to_be_checked()
    await expect(page.get_by_label("Together with Amira Khan")).to_be_visible()

    await page.get_by_label("Add a person").select_option(label="Wei Zhang")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**/schedules/1?day=*")

    [(_, _, wish)] = sent
    assert isinstance(wish, dict)
    turns, by_hand = wish["layers"]
    was, kept = expected["layers"]
    assert (turns["groups"], by_hand) == ([*was["groups"], [3]], kept)
    assert {**wish, "layers": []} == {**expected, "layers": []}


@pytest.mark.parametrize("width", [1366, 390])
async def test_a_shift_of_one_leads_to_its_edit_for_who_may(laptop: Device, gallery: str, width: int):
    async def by_a_temporary_schedule(route: Route) -> None:
        answer = await route.fetch()
        told = (await answer.json())["timeline"]
        for one in told["final"]:
            one.update(temporary="Moving day", temporary_id=1, layer="Moving day")
        await route.fulfill(json={"timeline": told})

    page = await laptop.new_page()
    await page.set_viewport_size({"width": width, "height": 844})
    await page.route("**/api/v1/schedules/1/timeline**", by_a_temporary_schedule)
    for path, many in (("/schedules/1", 1), ("/schedules/2", 0)):
        await page.goto(f"{gallery}{path}")
        await page.locator("html[data-live=live]").wait_for()
        await page.locator(".ok-schedule[data-loaded]").wait_for()
        await page.keyboard.press("o")
        link = page.get_by_role("dialog").get_by_role("link", name="Edit this temporary schedule")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await expect(link).to_have_count(many)
    await page.goto(f"{gallery}/schedules/1")
    await page.locator(".ok-schedule[data-loaded]").wait_for()
    await page.keyboard.press("o")
    await page.get_by_role("dialog").get_by_role("link", name="Edit this temporary schedule").click()
    await page.wait_for_url("**/schedules/1/temporary/1")
