"""The calendars that a schedule imports, on its page: what is wrong with them, and looking before importing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

PREVIEW = {
    "name": "Team calendar",
    "count": 2,
    "people": [{"user_id": 1, "user": "Amira Khan", "hours": 24.0}],
    "holidays": [{"date": "2026-12-25", "name": "Christmas Day"}],
    "warnings": ["“Mallory” in “Nights”: nobody here is called that."],
    "sentence": "It is so.",
}
URL = "https://calendar.example.org/basic.ics"


async def _open(laptop: Device, gallery: str, path: str = "/schedules/1") -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(PREVIEW))

    await answer_to(page, "**/api/v1/schedules/1/calendars**", answer)
    await answer_to(page, "**/api/v1/schedules/1/calendars/**", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_a_calendar_is_looked_at_before_it_is_imported(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    dialog, wish = page.get_by_role("dialog"), {"url": URL, "brings": "shifts", "name": "Ours", "zone": None}

    await page.get_by_role("button", name="Import a calendar").click()
    await page.get_by_role("textbox", name="Address").fill(URL)
    await page.get_by_label("Name").fill("Ours")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_text("“Team calendar” brings 2 shifts.")).to_be_visible()
    await expect(dialog.get_by_text("Amira Khan: 24 h")).to_be_visible()
    await expect(dialog.get_by_text("nobody here is called that")).to_be_visible()
    await page.get_by_role("button", name="Import it").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    await expect(dialog).to_have_count(0)
    path = "/api/v1/schedules/1/calendars"
    assert sent == [("POST", f"{path}/preview", wish), ("POST", path, wish)]


async def test_what_is_written_after_the_look_is_looked_at_again(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.get_by_role("button", name="Import a calendar").click()
    await page.get_by_role("textbox", name="Address").fill(URL)
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.get_by_role("button", name="Import it")).to_be_visible()

    await page.get_by_role("textbox", name="Address").fill(f"{URL}?another")

    await expect(page.get_by_text("brings 2 shifts")).to_be_hidden()
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.get_by_text("brings 2 shifts")).to_be_visible()
    assert [url for _, url, _ in sent] == ["/api/v1/schedules/1/calendars/preview"] * 2


async def test_a_calendar_of_holidays_shows_its_days_before_it_is_imported(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.get_by_role("button", name="Import a calendar").click()
    await page.get_by_label("Public holidays").check()
    await page.get_by_role("textbox", name="Address").fill(URL)

    await page.get_by_role("button", name="Look at it").click()

    await expect(page.get_by_text("“Team calendar” brings 1 holiday.")).to_be_visible()
    await expect(page.get_by_text("2026-12-25 Christmas Day")).to_be_visible()
    await page.get_by_role("button", name="Import it").click()
    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1] == (
        "POST", "/api/v1/schedules/1/calendars", {"url": URL, "brings": "holidays", "name": "", "zone": None},
    )  # fmt: skip


async def test_a_file_is_sent_as_what_stands_in_it(laptop: Device, gallery: str, tmp_path: Path):
    page, sent = await _open(laptop, gallery)
    file = tmp_path / "rota.ics"
    file.write_text("BEGIN:VCALENDAR", "utf-8")

    await page.get_by_role("button", name="Import a calendar").click()
    await page.get_by_role("radio", name="From a file").check()
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.get_by_text("Choose the file of the calendar.")).to_be_visible()
    await page.get_by_label("File", exact=True).set_input_files(file)
    await page.get_by_role("button", name="Look at it").click()

    await expect(page.get_by_text("brings 2 shifts")).to_be_visible()
    assert [wish for *_, wish in sent] == [{"content": "BEGIN:VCALENDAR", "brings": "shifts", "name": "", "zone": None}]


async def test_a_calendar_is_read_again_and_removed_where_it_stands(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await expect(page.get_by_text(re.compile("answered 404.* stays in use"))).to_be_visible()
    await expect(page.get_by_role("button", name="Read Summer again")).to_have_count(0)

    await page.get_by_role("button", name="Read Old rota again").click()
    await page.get_by_role("button", name="Remove Old rota").click()
    await page.get_by_role("dialog", name="Remove “Old rota”?").get_by_role("button", name="Remove").click()

    await expect(page.get_by_role("dialog")).to_have_count(0)
    path = "/api/v1/schedules/1/calendars/3"
    assert [(method, url) for method, url, _ in sent] == [("POST", f"{path}/refresh"), ("DELETE", path)]


async def test_who_does_not_manage_the_team_sees_what_is_there_and_whom_to_ask(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/schedules/2")

    await expect(page.get_by_text("Its layers are changed by who manages Platform, and by admins.")).to_be_visible()
    await expect(page.get_by_text("Old rota")).to_be_visible()
    for name in ("Edit layers", "Import a calendar", "Remove Old rota", "Read Old rota again"):
        await expect(page.get_by_text(name)).to_have_count(0)


async def _edit(laptop: Device, gallery: str) -> Page:
    """Open the editor of a schedule whose highest layer is an imported calendar."""
    page = await laptop.new_page()

    async def with_a_calendar(route: Route) -> None:
        answer = await route.fetch()
        found = await answer.json()
        shift = {"start_at": 1_930_863_600, "end_at": 1_930_950_000, "user_ids": [1]}
        layer = {"id": 9, "name": "Ours", "kind": "fixed", "imported": "Team calendar", "shifts": [shift]}
        found["schedule"]["layers"].insert(0, layer)
        await route.fulfill(response=answer, json=found)

    await page.route("**/api/v1/schedules/1", with_a_calendar)
    await page.goto(f"{gallery}/schedules/1/edit")
    await page.locator("html[data-live=live]").wait_for()
    return page


async def test_who_removes_an_imported_layer_is_told_before_saving_what_ends(laptop: Device, gallery: str):
    page = await _edit(laptop, gallery)
    ends = page.get_by_text("Saving ends the import of the calendar “Team calendar”")
    await expect(page.get_by_text("It has 1 shift from the calendar “Team calendar” and follows it")).to_be_visible()
    await expect(page.get_by_role("button", name="Make it a shadow")).to_have_count(0)
    await expect(ends).to_be_hidden()

    await page.get_by_role("button", name="Remove layer").click()

    await expect(ends).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(ends).to_be_hidden()


async def test_an_imported_layer_may_be_called_otherwise(laptop: Device, gallery: str):
    page = await _edit(laptop, gallery)
    name = page.get_by_label("Name of the layer")

    await name.fill("From the team")

    await expect(page.get_by_role("region", name="Layer From the team")).to_be_visible()
    await expect(page.get_by_text("Saving ends the import")).to_be_hidden()
