"""The pages of rules: what one types is checked, both sides of the editor say the same, the list puts in order."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

Sent = list[tuple[str, str, object]]


async def _open(laptop: Device, gallery: str, path: str) -> tuple[Page, Sent]:
    page = await laptop.new_page()
    sent: Sent = []

    async def answer(route: Question) -> None:
        request = route.request
        where = request.url.removeprefix(gallery).removeprefix("/api/v1/rules")
        if where in ("/check", "/preview"):
            await route.let_pass()
            return
        sent.append((request.method, where, json.loads(request.post_data or "null")))
        await route.fulfill(
            status=200, content_type="application/json", body='{"sentence": "Done.", "rule": {"id": 9}}'
        )

    await answer_to(page, "**/api/v1/rules**", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_what_is_wrong_in_a_condition_is_underlined_and_said_while_one_types(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/rules/new")
    await page.get_by_label("Name").fill("Quiet")

    await page.get_by_label("When", exact=True).fill('titel == "x"')

    await expect(page.locator("#rule-marked mark")).to_have_text("titel")
    await expect(page.get_by_text("There is no field titel; did you mean title?")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("When", exact=True)).to_be_focused()
    assert sent == []


async def test_a_rule_is_saved_as_the_controls_say(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/rules/new")
    await page.get_by_label("Name").fill("Quiet")
    await page.get_by_label("Asked about events of").select_option("Checkout")
    await page.get_by_label("When", exact=True).fill('tags.env == "staging"')
    await page.locator("input[name=rule-fate][value=pause]").check(force=True)
    await page.get_by_label("Wait for").fill("10m")
    await page.get_by_label("Severity").select_option("Warning")
    await page.get_by_label("Tags").fill("tier = 2\nhost = {source}")
    await page.get_by_label("Same values of").fill("tags.host, source")

    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**/rules?service=1#rule-9")

    sets = {"severity": "warning", "tags": {"tier": "2", "host": "{source}"}}
    rule = {"name": "Quiet", "when": 'tags.env == "staging"', "set": sets, "pause": "10m"}
    rule["group"] = {"by": ["tags.host", "source"]}
    assert sent == [("POST", "", {"rule": rule, "service_id": 1})]


async def test_what_is_written_as_yaml_is_seen_in_the_controls(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/rules/1")
    await expect(page.locator("#rule-does")).to_contain_text("sets the urgency to low")
    await page.locator("input[name=rule-as][value=yaml]").click(force=True)
    await expect(page.get_by_label("The rule as YAML")).to_be_visible()

    await page.get_by_label("The rule as YAML").fill(
        "name: Loud\nwhen: 'severity == \"critical\"'\nset: {priority: P1, dedup_key: '{title}'}\nstop: true\n"
    )
    await page.locator("input[name=rule-as][value=controls]").click(force=True)

    await expect(page.get_by_label("Name")).to_have_value("Loud")
    await expect(page.get_by_label("Priority")).to_have_value("P1")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**/rules#rule-9")
    rule = {"name": "Loud", "when": 'severity == "critical"', "set": {"priority": "P1", "dedup_key": "{title}"}}
    assert sent == [("PUT", "/1", {"rule": {**rule, "stop": True}})]


async def test_yaml_that_cannot_be_read_says_where_and_is_not_left(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/rules/1")
    await expect(page.locator("#rule-does")).to_contain_text("sets the urgency to low")
    await page.locator("input[name=rule-as][value=yaml]").click(force=True)

    await page.get_by_label("The rule as YAML").fill("name: a\nname: b\n")

    await expect(page.get_by_text("Line 2: “name” stands here twice.")).to_be_visible()
    await page.locator("input[name=rule-as][value=controls]").click(force=True)
    await expect(page.get_by_text("Mend the rule first").first).to_be_visible()
    await expect(page.get_by_label("The rule as YAML")).to_be_visible()


async def test_a_rule_is_tried_before_it_is_saved(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/rules/1")

    await page.get_by_role("button", name="Try on the last 7 days").click()

    await expect(page.locator("#rule-preview")).to_contain_text("it would have spared 2 of 40 pages")
    await expect(page.locator(".ok-rule-example li").first).to_have_text("severity: critical → warning")
    assert sent == []


async def test_a_rule_moves_from_where_the_last_move_put_it(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/rules")

    # Both before the page can show the first.
    presses = ("#more-1 [data-step='1']", "#more-3 [data-step='-1']")
    await page.evaluate("(presses) => presses.forEach((one) => document.querySelector(one).click())", presses)

    await expect(page.locator(".ok-toast")).to_have_count(2)
    assert [body for _, where, body in sent if where == "/order"] == [
        {"service_id": None, "ids": [2, 1, 3]},
        {"service_id": None, "ids": [2, 3, 1]},
    ]


async def test_of_the_rules_of_another_team_nothing_can_be_changed(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/rules?own=2")
    checkout, everywhere = page.locator("#service-1"), page.locator("#all-services")

    await expect(checkout).to_contain_text("Costly")
    await expect(checkout.locator("a, button, input")).to_have_count(0)
    await expect(everywhere.get_by_role("link", name="Add a rule")).to_be_visible()


async def test_the_list_switches_puts_in_order_and_deletes_only_when_asked_twice(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/rules")

    async with page.expect_response("**/enabled"):
        await page.get_by_role("switch", name="Staging wakes nobody is asked").uncheck(force=True)
    await page.get_by_role("button", name="More for Old noise").click()
    async with page.expect_response("**/order"):
        await page.get_by_role("button", name="Move up").click()
    await page.get_by_role("button", name="More for Old noise").click()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Keep it").click()

    order = {"service_id": None, "ids": [1, 3, 2]}
    assert sent == [("POST", "/1/enabled", {"enabled": False}), ("PUT", "/order", order)]
