"""The page of heartbeats: lines that work as copied, and dialogs that send what they hold."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Page, expect

from opsknight.ui.pinging import ways
from tests.ui import samples
from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device


@pytest.mark.parametrize(
    ("rhythm", "times"),
    [
        ({"period_s": 300}, "*/5 * * * *"),
        ({"period_s": 21_600}, "0 */6 * * *"),
        ({"period_s": 86_400}, "0 3 * * *"),
        ({"period_s": 604_800}, "0 3 * * 0"),
        ({"period_s": None, "cron": "30 2 * * 1-5"}, "30 2 * * 1-5"),
    ],
)
def test_the_crontab_line_runs_as_often_as_the_heartbeat_expects(rhythm: dict[str, object], times: str):
    line = {**samples.heartbeats()[0], **rhythm}

    crontab = ways(line, "https://ops.example.org", "abc")[1].text

    assert crontab == (
        f"{times} /path/to/job; curl -fsS -m 10 --retry 5 -o /dev/null https://ops.example.org/ping/abc/$?"
    )


async def _open(laptop: Device, gallery: str) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        await route.fulfill(status=200, content_type="application/json", body='{"sentence": "It is so."}')

    await answer_to(page, "**/api/v1/heartbeats**", answer)
    await page.goto(f"{gallery}/heartbeats")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


@pytest.mark.e2e
async def test_a_heartbeat_of_another_team_is_paused_and_nothing_else(laptop: Device, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/heartbeats?own=2")
    await page.locator("html[data-live=live]").wait_for()

    await expect(page.get_by_role("button", name="Pause Nightly backup").first).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("Edit|Delete|new address|former"))).to_have_count(0)


@pytest.mark.e2e
async def test_a_new_heartbeat_is_sent_as_it_was_filled_in(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    await page.get_by_role("button", name="New heartbeat").click()
    await page.get_by_label("Name").fill("Nightly backup")
    await page.get_by_label("At set times").check()
    await page.get_by_label("Cron expression").fill("30 2 * * *")

    await page.keyboard.press("Enter")

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    wish = {"name": "Nightly backup", "service_id": 1, "urgency": "high", "grace_s": 600, "period_s": None}
    assert sent == [("POST", "/api/v1/heartbeats", {**wish, "cron": "30 2 * * *", "zone": "Europe/Berlin"})]


@pytest.mark.e2e
async def test_a_heartbeat_is_edited_from_what_it_is_and_deleted_only_when_asked_twice(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    first = page.locator(".ok-beat").first
    await first.get_by_role("button", name="Edit Nightly backup").click()
    await page.get_by_label("It reports every", exact=True).fill("2")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await first.get_by_role("button", name="Delete Nightly backup").click()
    await page.get_by_role("button", name="Keep it").click()
    await first.get_by_role("button", name="Delete Nightly backup").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    url = f"/api/v1/heartbeats/{samples.heartbeats()[0]['id']}"
    assert [(method, where) for method, where, _ in sent] == [("PUT", url), ("DELETE", url)]
    assert sent[0][2]["period_s"] == 172_800  # type: ignore[index]


@pytest.mark.e2e
async def test_the_last_pings_are_told_with_what_the_program_said_and_none_of_it_is_run(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)

    await page.locator(".ok-beat").first.get_by_text("Last pings").click()

    told = page.locator(".ok-beat").first.locator(".ok-entry p")
    await expect(told).to_have_text(["Failure with exit code 2 after 5 min 12 s.", "A run began.", "Success."])
    assert "broken into" not in await page.title()


@pytest.mark.e2e
async def test_an_address_is_changed_without_a_gap_and_the_former_one_ended_once_it_was_said_what_that_means(
    laptop: Device, gallery: str
):
    page, sent = await _open(laptop, gallery)
    await page.locator("#heartbeat-0").get_by_text("How to make a job report").click()
    await page.locator("#heartbeat-0").get_by_role("button", name="Make a new address").click()
    await expect(page.get_by_text("It is so.").first).to_be_visible()

    await page.locator("#heartbeat-3").get_by_role("button", name="End the former address").click()
    await expect(page.locator("#beat-end-words")).to_contain_text("A job that still pings the former address of")
    await page.get_by_role("button", name="End it").click()

    await expect(page.locator("#ok-beat-end-key")).to_be_hidden()
    assert sent == [("POST", "/api/v1/heartbeats/0/keys", {}), ("DELETE", "/api/v1/heartbeats/3/keys/former", None)]
