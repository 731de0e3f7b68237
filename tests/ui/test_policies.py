"""The pages of escalation policies: steps as one writes them, what goes wrong beside them, and what would happen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, Response, expect

from opsknight.ui.policies.words import sequence
from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device
from tests.ui.policy_samples import UNREACHABLE, a_policy, a_step, a_target, foreseen, warnings

pytestmark = pytest.mark.e2e

Sent = list[tuple[str, str, Any]]
SAID = "“Checkout” is changed. 3 running incidents keep the policy they started with."


async def _open(laptop: Device, gallery: str, path: str, *, refused: str = "") -> tuple[Page, Sent]:
    """Open a page; what it sends, the checks of drafts aside, is answered here and returned."""
    page = await laptop.new_page()
    sent: Sent = []

    async def answer(route: Question) -> None:
        request = route.request
        where, body = request.url.removeprefix(f"{gallery}/api/v1"), json.loads(request.post_data or "null")
        if where == "/policies/check":
            await route.let_pass()
            return
        sent.append((request.method, where, body))
        if refused and where != "/what-if":
            problem = json.dumps({"detail": refused})
            await route.fulfill(status=422, content_type="application/problem+json", body=problem)
            return
        saved = {"policy": a_policy(id=9, version=5), "warnings": warnings(), "sentence": SAID}
        said = foreseen("A rule decided.") if where == "/what-if" else saved
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    await answer_to(page, "**/api/v1/policies**", answer)
    await answer_to(page, "**/api/v1/policies/**", answer)
    await answer_to(page, "**/api/v1/what-if", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


def kept(sent: Sent) -> Sent:
    """Return what was sent to be kept."""
    return [one for one in sent if one[1] != "/what-if"]


def without_names(policy: Any) -> list[Any]:
    return [
        [[(target["kind"], target["id"]) for target in step["targets"]], step["wait_s"], step["when"]]
        for step in policy["steps"]
    ]


def test_a_policy_is_told_in_one_sentence():
    step = a_step(a_target(), a_target("team", 1, "Payments"), wait_s=300, round_robin=True, when={"urgency": "high"})
    last = a_step(a_target("schedule", 1, "Primary"), wait_s=600)

    told = sequence(a_policy(steps=[step, last], repeats=2))

    assert told == (
        "Amira Khan or all of Payments, in turn (only at high urgency), then after 5 min Primary, 2 more rounds,"
        " then the safety net: the managers of Payments."
    )


async def test_what_was_read_is_what_is_sent_back(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/policies/1")

    await page.get_by_role("button", name="Save").click()

    await expect(page.locator("#policy-said")).to_have_text(SAID)
    [(method, where, body)] = kept(sent)
    assert (method, where, body["seen_version"], body["repeats"]) == ("PUT", "/policies/1", 4, 1)
    assert without_names(body) == without_names(a_policy())


async def test_warnings_stand_at_the_step_they_speak_of(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/policies/1")

    step = page.locator("#policy-steps > li").nth(1)

    await expect(step.get_by_text(UNREACHABLE)).to_be_visible()
    await expect(page.locator("#policy-warnings")).to_contain_text("Every step has conditions")


async def test_a_new_policy_is_written_by_keyboard_alone(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/policies/new")
    await page.get_by_label("Name").fill("Nights")
    await page.get_by_role("button", name="Ask somebody in step 1").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.type("wei")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Ask somebody in step 1")).to_be_focused()

    await page.get_by_role("button", name="Add a step").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # the new step asks whom
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")  # the first of the list: the schedule Primary
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.get_by_role("button", name="Ask somebody in step 1")).to_be_focused()
    await page.get_by_label("Name").press("Enter")

    await page.wait_for_url("**/policies/9")
    [(method, where, body)] = kept(sent)
    assert (method, where, body["name"], body["team_id"]) == ("POST", "/policies", "Nights", 1)
    assert without_names(body) == [[[("schedule", 1)], 300, {}], [[("user", 2)], 300, {}]]


async def test_a_step_that_was_removed_comes_back_by_undo(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/policies/1")

    await page.get_by_role("button", name="Remove: step 2").click()
    await expect(page.locator("#policy-steps > li")).to_have_count(2)
    await page.get_by_role("button", name="Undo").click()

    await expect(page.locator("#policy-steps > li").nth(1).locator("[data-part=targets]")).to_contain_text("Wei Zhang")


async def test_a_refusal_stands_at_its_step_and_keeps_what_was_written(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/policies/1", refused="Step 2 names the same target twice.")
    await page.get_by_label("Name").fill("Other")

    await page.get_by_role("button", name="Save").click()

    step = page.locator("#policy-steps > li").nth(1)
    await expect(step.get_by_text("Step 2 names the same target twice.")).to_be_visible()
    await expect(page.get_by_label("Name")).to_have_value("Other")


async def test_what_no_step_can_be_is_told_in_words_and_not_sent(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/policies/1")
    step = page.locator("#policy-steps > li").first

    await step.get_by_label("Then wait").fill("-5")

    await expect(step.get_by_text("Step 1 waits 0 seconds at least, and 7 days at most.")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    assert kept(sent) == []


async def test_the_draft_is_played_through_before_it_is_saved(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/policies/1")

    def is_of_all(answer: Response) -> bool:
        wish = answer.request.post_data_json if answer.url.endswith("/what-if") else {}
        return wish.get("urgency") == "low" and wish.get("policy", a_policy())["steps"][0]["wait_s"] == 420

    async with page.expect_response(is_of_all) as played:
        await page.locator("#policy-steps").get_by_label("Then wait").first.fill("7")
        await page.get_by_role("radio", name="Low urgency").check(force=True)

    assert (await played.value).request.post_data_json["service_id"] == 1
    await expect(page.locator("#policy-said")).to_have_text("Not saved yet.")
    await expect(page.locator("#foresight-sum")).to_contain_text("the safety net after 1 h 15 min")
    cut = page.locator("#foreseen [data-cut]")
    await expect(cut).to_contain_text("not sent: step 2 comes at")
    await expect(page.locator("#foreseen [data-kind=skip]")).to_contain_text("Step 3 was skipped")
    assert kept(sent) == []


async def test_an_event_is_pasted_and_its_future_is_drawn(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/what-if")
    await page.get_by_label("The event, as JSON").fill('{"title": "Disk full", "tags": {"env": "prod"}}')
    await page.get_by_role("radio", name="At a set time").check(force=True)
    await page.get_by_label("At, by your clock").fill("2031-03-01T08:30")

    await page.get_by_role("button", name="Show what would happen").click()

    await expect(page.locator("#foreseen > li")).to_have_count(5)
    await expect(page.locator("#foresight-why")).to_have_text("A rule decided.")
    await expect(page.locator("#foresight-read")).to_have_text("Read as “Disk full”, critical.")
    wish = {"service_id": 1, "at": "2031-03-01T07:30:00.000Z", "event": {"title": "Disk full", "tags": {"env": "prod"}}}
    assert sent == [("POST", "/what-if", wish)]


async def test_what_the_only_monitor_of_a_service_sends_stands_there_and_goes_as_it_sends_it(
    laptop: Device, gallery: str
):
    page, sent = await _open(laptop, gallery, "/what-if")
    event = page.get_by_label("The event, as JSON")
    await page.get_by_label("The event is sent to").select_option("2")
    await expect(page.get_by_label("It is sent by")).to_have_value("7")
    await expect(event).to_have_value('{"version": "4", "alerts": []}')

    await event.fill('{"version": "4", "alerts": [{}]}')
    await page.get_by_role("button", name="Show what would happen").click()
    await expect(page.locator("#foresight-read")).to_have_text("Read as “Disk full”, critical.")
    await page.get_by_label("The event is sent to").select_option("1")

    payload = {"version": "4", "alerts": [{}]}
    assert sent == [("POST", "/what-if", {"service_id": 2, "integration_id": 7, "payload": payload})]
    await expect(page.get_by_label("It is sent by")).to_have_value("")
    await expect(event).to_have_value('{"version": "4", "alerts": [{}]}')


async def test_an_event_that_is_no_json_is_told_so_and_not_sent(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/what-if")
    await page.get_by_label("The event, as JSON").fill("{title: Disk}")

    await page.get_by_role("button", name="Show what would happen").click()

    await expect(page.locator("#foresight-error")).to_contain_text("The event is no JSON")
    assert sent == []


async def test_a_policy_is_deleted_only_when_asked_twice(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/policies/1")

    await page.get_by_role("button", name="Delete").click()
    box = page.get_by_role("dialog")
    await expect(box).to_contain_text("3 open incidents keep the policy they started with.")
    await box.get_by_role("button", name="Delete", exact=True).click()

    await page.wait_for_url("**/policies")
    assert kept(sent) == [("DELETE", "/policies/1", None)]
