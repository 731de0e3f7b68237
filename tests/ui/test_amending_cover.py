"""Overrides and leave that are changed on screen: what they say stands in the form, and is sent instead of it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e
OVERRIDE, LEAVE = re.compile(r"/api/v1/overrides/\d+$"), re.compile(r"/api/v1/leaves/\d+$")


async def _open(laptop: Device, gallery: str) -> tuple[Page, list[tuple[str, str, dict[str, object]]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, dict[str, object]]] = []

    async def answer(route: Question) -> None:
        request = route.request
        if "/preview" in request.url:
            await route.let_pass()
            return
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "{}")))
        await route.fulfill(status=200, content_type="application/json", body=json.dumps({"sentence": "It is so."}))

    await answer_to(page, "**/api/v1/overrides/*", answer)
    await answer_to(page, "**/api/v1/leaves/*", answer)
    await page.goto(f"{gallery}/schedules/1?view=fortnight")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_an_override_is_given_to_somebody_else_where_it_stands(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.locator(".ok-tl-piece[data-kind=override]").click()
    await page.get_by_role("button", name="Change this override").click()
    dialog = page.get_by_role("dialog", name="Change this override")
    await expect(dialog.get_by_text("It would be so.")).to_be_visible()
    note = dialog.get_by_label("Note")
    await note.fill("A dentist after all")

    async with page.expect_response(OVERRIDE):
        await dialog.get_by_role("button", name="Save").click()

    [(method, path, wish)] = sent
    assert (method, path.rpartition("/")[0], wish["note"]) == ("PUT", "/api/v1/overrides", "A dentist after all")
    assert {"change", "start_at", "end_at", "user_id", "replaces_id"} <= wish.keys()
    await expect(dialog).to_be_hidden()


async def test_a_leave_has_its_times_and_its_substitute_in_the_form_and_is_changed(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    line = page.locator(".ok-asked-line", has_text="Wei Zhang has their shifts.")
    await line.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog", name="When Maximiliane Oberbichler-Hohenstein is away")
    substitute = dialog.get_by_label("Who has the shifts meanwhile")
    await expect(substitute).to_have_value("3")
    await expect(dialog.locator(".ok-schedule-gaps")).to_contain_text("Nobody is on call")
    await substitute.select_option(label="Amira Khan")

    async with page.expect_response(LEAVE):
        await dialog.get_by_role("button", name="Save").click()

    [(method, path, wish)] = sent
    assert (method, path.rpartition("/")[0], wish["substitute_id"]) == ("PUT", "/api/v1/leaves", 1)
