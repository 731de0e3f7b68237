"""Fields are picked from a real payload: every path that is offered is one by which a mapping finds that value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import BrowserContext, Page, expect

from opsknight.api.field_mapping import elements, mapped
from opsknight.ui.integration.payload import MOST, Leaf, element, leaves, parsed

NAMES = st.text(alphabet="ab.é", min_size=1, max_size=4)
PAYLOADS = st.dictionaries(
    NAMES,
    st.recursive(
        st.text(max_size=5) | st.integers(0, 9),
        lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3),
        max_leaves=12,
    ),
    max_size=4,
)


@given(PAYLOADS)
def test_a_mapping_finds_by_each_path_the_value_that_stands_beside_it(payload: dict[str, Any]):
    for leaf in leaves(payload):
        if leaf.each:
            continue
        found = mapped({"fields": {"title": leaf.path}}, payload)["title"]
        assert leaf.value == (found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))


@given(PAYLOADS)
def test_a_list_that_is_offered_is_one_that_a_mapping_takes_events_from(payload: dict[str, Any]):
    for leaf in leaves(payload):
        if leaf.each:
            assert (elements({"events": leaf.path}, payload) or [None])[0] == element(payload, leaf.path)


def test_a_payload_without_end_is_shown_in_part():
    assert len(leaves({str(number): number for number in range(1000)})) == MOST


@pytest.mark.parametrize(("body", "what"), [(b"no JSON", None), (b"\xff", None), (b"[" * 60_000, None), (b"[1]", [1])])
def test_what_is_no_json_has_no_values_to_pick(body: bytes, what: object):
    assert parsed(body) == what


def test_a_list_of_objects_can_be_an_event_each():
    assert leaves({"a.b": [{"x": 1}]}) == [Leaf("a\\.b", "a list of 1", each=True), Leaf("a\\.b.0.x", "1")]


@pytest.fixture
async def page(laptop: BrowserContext, gallery: str) -> Page:
    page = await laptop.new_page()
    page.set_default_timeout(30_000)
    await page.goto(f"{gallery}/integrations/3")
    await page.locator("html[data-live=live]").wait_for()
    return page


@pytest.mark.e2e
async def test_a_click_on_a_value_fills_the_chosen_field_and_saving_sends_the_mapping(page: Page):
    await page.get_by_role("radio", name="Dedup key").check()
    await page.get_by_role("button", name="check.id 4711").click()
    await page.get_by_label("Status “CRIT” means").select_option("trigger")
    await expect(page.get_by_text("Not saved yet.")).to_be_visible()

    async with page.expect_request("**/api/v1/integrations/3/mapping") as asked:
        await page.get_by_role("button", name="Save").click()

    request = await asked.value
    assert (request.method, request.post_data_json) == (
        "PUT",
        {
            "fields": {"title": "check.name", "action": "check.state", "dedup_key": "check.id"},
            "values": {"action": {"CRIT": "trigger"}},
        },
    )


@pytest.mark.e2e
async def test_a_preview_says_what_the_last_deliveries_would_become(page: Page):
    await page.get_by_role("button", name="Preview on the last").click()

    await expect(page.locator(".ok-previews")).to_contain_text("1 would be understood, 1 refused.")
    await expect(page.locator(".ok-preview").first).to_contain_text("check.name")
