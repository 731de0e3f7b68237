"""The page of fairness: which period it is asked for, and what it says of people."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import BrowserContext, expect

from opsknight.ui.fairness import Asked, asked_for

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
async def test_every_figure_of_a_person_can_be_read_by_its_name(laptop: BrowserContext, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/fairness")

    table = page.get_by_role("table").nth(1)
    row = table.get_by_role("row").filter(has_text="Amira Khan")
    await expect(row.get_by_role("cell")).to_contain_text(["240 h", "90 h", "48 h", "24 h", "4", "1 night"])
    await expect(page.get_by_text("of 100: one-sided")).to_be_visible()


@pytest.mark.e2e
async def test_the_table_of_pay_is_of_the_same_days(laptop: BrowserContext, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/fairness")

    link = page.get_by_role("link", name="Download pay of Platform primary as CSV")
    href = await link.get_attribute("href") or ""
    assert href.startswith("/api/v1/schedules/1/pay.csv?from=")
    assert href.partition("&to=")[2].endswith("-01")  # the day after the last of the month
