"""Archiving on the page of services: what it ends is said before, and what still sends is seen after."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, expect

from opsknight.ui.rules.page import _archived_target
from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device
from tests.ui.rule_samples import a_rule

pytestmark = pytest.mark.e2e

ENDING = {"name": "Search", "ends": ["the key of Probes", "the rule Quiet"], "unresolved": [], "rules_to": ["“Moved”"]}


async def _open(laptop: Device, gallery: str, **ending: object) -> tuple[Page, list[tuple[str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        if request.method == "POST":
            sent.append((request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        said = {**ENDING, **ending, "sentence": "It is so.", "service": {"id": 3}}
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    await answer_to(page, "**/api/v1/services/*/**", answer)
    await page.goto(f"{gallery}/services")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_a_service_is_archived_once_it_was_said_what_that_ends(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)

    await page.get_by_role("button", name="Archive Search").click()
    asked = page.locator("#ok-service-archive")
    await expect(asked).to_contain_text("This ends the key of Probes and the rule Quiet.")
    await expect(asked).to_contain_text("What “Moved” would move to it stays with its own service.")
    assert sent == []
    await asked.get_by_role("button", name="Archive", exact=True).click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [("/api/v1/services/3/archive", {})]


async def test_one_with_an_unresolved_incident_is_not_offered_to_be_archived(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, unresolved=["#7 “Disk full”"])

    await page.get_by_role("button", name="Archive Search").click()

    asked = page.locator("#ok-service-archive")
    await expect(asked.get_by_role("alert")).to_contain_text("#7 “Disk full” must be resolved first.")
    await expect(asked.get_by_role("button", name="Archive", exact=True)).to_be_disabled()


async def test_who_still_sends_for_an_archived_one_is_seen_and_it_is_brought_back(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)

    await page.get_by_text("Archived (3)").click()
    await expect(page.get_by_text("still sends: refused 1,204 times since")).to_be_visible()
    await page.get_by_role("button", name="Bring Old shop back").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [("/api/v1/services/21/restore", {})]


async def test_one_whose_policy_is_gone_asks_for_another(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)

    await page.get_by_text("Archived (3)").click()
    await page.get_by_label("Its escalation policy was deleted: who is paged now?").select_option(index=1)
    await page.get_by_role("button", name="Bring Orphan back").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    ((path, body),) = sent
    assert path == "/api/v1/services/22/restore"
    assert isinstance(body, dict)
    assert body["policy_id"] > 0


def test_the_editor_of_a_rule_offers_the_archived_service_that_it_moves_to():
    kept = a_rule(rule={"set": {"service_id": 7}}, to_archived="Checkout")

    assert _archived_target(kept) == {"7": "Checkout (archived)"}
    assert _archived_target(a_rule()) == {}


async def test_what_is_archived_is_what_the_dialog_says_however_late_an_answer_comes(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    held = asyncio.Queue[Question]()
    await answer_to(page, "**/api/v1/services/1/archiving", lambda route: held.put_nowait(route))  # noqa: PLW0108

    await page.evaluate(
        "for (const name of ['Checkout', 'Search']) document.querySelector(`[aria-label='Archive ${name}']`).click()"
    )
    asked = page.get_by_role("dialog", name="Archive Search?")
    await expect(asked).to_be_visible()
    async with page.expect_response("**/services/1/archiving"):
        await (await held.get()).fulfill(status=200, content_type="application/json", body=json.dumps(ENDING))
    await asked.get_by_role("button", name="Archive", exact=True).click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent == [("/api/v1/services/3/archive", {})]
