"""The page of fairness: which period it is asked for, and what it says of people."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from playwright.async_api import Page, expect

from opsknight.ui.fairness import Asked, asked_for
from opsknight.ui.pay import since, worth
from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

TODAY = date(2026, 11, 24)
THIS_MONTH = Asked("", date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize(
    ("said", "asked", "refused"),
    [
        ({}, THIS_MONTH, False),
        ({"schedule": "7", "first": "2026-10-05"}, Asked("7", date(2026, 10, 5), date(2026, 11, 30)), False),
        ({"schedule": "x"}, THIS_MONTH, True),
        ({"schedule": "9" * 19}, THIS_MONTH, True),
        ({"first": "soon"}, THIS_MONTH, True),
    ],
)
def test_an_address_says_what_the_page_shows(said: dict[str, str], asked: Asked, refused: bool):  # noqa: FBT001
    found, why = asked_for(said, today=TODAY)

    assert (found, bool(why)) == (asked, refused)


@pytest.mark.e2e
async def test_every_figure_of_a_person_can_be_read_by_its_name(laptop: Device, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/fairness")

    table = page.get_by_role("table").nth(1)
    row = table.get_by_role("row").filter(has_text="Amira Khan")
    await expect(row.get_by_role("cell")).to_contain_text(["240 h", "90 h", "48 h", "24 h", "4", "1 night"])
    await expect(page.get_by_text("of 100: one-sided")).to_be_visible()


@pytest.mark.e2e
async def test_the_table_of_pay_is_of_the_same_days(laptop: Device, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/fairness")

    link = page.get_by_role("link", name="Download pay of Platform primary as CSV")
    href = await link.get_attribute("href") or ""
    assert href.startswith("/api/v1/schedules/1/pay.csv?from=")
    assert href.partition("&to=")[2].endswith("-01")  # the day after the last of the month


def test_what_a_schedule_pays_is_a_sentence():
    rules: Any = {
        "valid_from": "2026-03-01", "currency": "EUR", "hour": "12.50", "night": "1.50", "weekend": "2.00",
        "holiday": "1.00", "combine": "add", "interruption": "5.00", "minimum": "0.00", "holidays": ["2026-12-24"],
    }  # fmt: skip

    assert worth(rules) == (
        "12.50 EUR an hour; by night 1.5 times that, on weekends 2 times that (all that they add does);"
        " 5.00 EUR for each interruption; one holiday of its own."
    )
    assert worth({**rules, "night": "1.00", "weekend": "1.00", "interruption": "0.00", "holidays": []}) == (
        "12.50 EUR an hour."
    )
    assert (since("2026-03-01"), since("2000-01-01")) == ("from 2026-03-01 on", "always")


async def _paying(laptop: Device, gallery: str) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        path = request.url.removeprefix(f"{gallery}/api/v1/schedules/1/pay/")
        sent.append((request.method, path, json.loads(request.post_data or "null")))
        await route.fulfill(status=200, content_type="application/json", body=json.dumps({"sentence": "It is so."}))

    await answer_to(page, "**/api/v1/schedules/1/pay/**", answer)
    await page.goto(f"{gallery}/fairness")
    await page.locator("html[data-live=live]").wait_for()
    await page.get_by_text("What it pays").first.click()
    return page, sent


@pytest.mark.e2e
async def test_what_is_paid_is_changed_from_what_counts_now(laptop: Device, gallery: str):
    page, sent = await _paying(laptop, gallery)

    await page.get_by_role("button", name="Change what it pays").click()
    await page.get_by_label("An hour", exact=True).fill("14,25")
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    rules = {
        "hour": "14.25", "night": "1.50", "weekend": "2.00", "holiday": "1.00", "interruption": "5.00",
        "minimum": "50.00", "currency": "EUR", "combine": "highest", "holidays": ["2026-12-24"], "valid_from": None,
    }  # fmt: skip
    assert sent == [("PUT", "rules", rules)]


@pytest.mark.e2e
async def test_a_rule_is_corrected_for_the_day_from_which_it_holds(laptop: Device, gallery: str):
    page, sent = await _paying(laptop, gallery)

    await page.get_by_role("button", name="Correct what Platform primary pays from 2025-03-01 on").click()
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("dialog")).to_have_count(0)
    [(_, _, rules)] = sent
    assert isinstance(rules, dict)
    assert (rules["valid_from"], rules["hour"]) == ("2025-03-01", "12.50")


@pytest.mark.e2e
async def test_what_is_paid_once_has_a_reason_and_can_be_taken_back_and_that_undone(laptop: Device, gallery: str):
    page, sent = await _paying(laptop, gallery)
    await page.get_by_role("button", name="Pay something once").click()
    await page.get_by_label("How much").fill("50")
    await page.get_by_role("button", name="Pay it").click()
    await expect(page.get_by_text("Say what it is paid for.")).to_be_visible()
    await page.get_by_label("Day", exact=True).fill("2026-11-20")
    await page.get_by_label("What for").fill("Moved the racks")
    await page.get_by_role("button", name="Pay it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Take back 50.00 for Amira Khan, 2026-11-20").click()
    async with page.expect_response("**/pay/one-offs"):
        await page.get_by_role("button", name="Undo").click()

    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    added = {"user_id": 1, "day": "2026-11-20", "amount": "50", "reason": "Moved the racks"}
    assert sent == [
        ("POST", "one-offs", added), ("DELETE", "one-offs/1", None), ("POST", "one-offs", {**added, "amount": "50.00"}),
    ]  # fmt: skip


@pytest.mark.e2e
async def test_who_does_not_manage_the_team_changes_no_pay(laptop: Device, gallery: str):
    page, _ = await _paying(laptop, gallery)

    await page.locator(".ok-pay summary").nth(1).click()

    other = page.locator("#ok-pay-2")
    await expect(other.get_by_text("nobody has said what an hour is worth")).to_be_visible()
    await expect(other.get_by_role("button")).to_have_count(0)
