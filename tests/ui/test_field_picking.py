"""Fields are picked from a real payload: every path that is offered is one by which a mapping finds that value."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Page, expect

from opsknight.api.field_mapping import check, elements, mapped
from opsknight.ui.integration.draft import Draft, read, unique, written
from opsknight.ui.integration.payload import MOST, Leaf, element, leaves
from tests.ui.devices import Device

NAMES = st.text(alphabet="ab.é$", min_size=1, max_size=4)
PAYLOADS = st.dictionaries(
    NAMES,
    st.recursive(
        st.text(max_size=5) | st.integers(0, 9),
        lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3),
        max_leaves=12,
    ),
    max_size=4,
)
WORDS = st.lists(st.text(alphabet='ab", ', min_size=1, max_size=5).map(str.strip).filter(bool), unique=True, max_size=4)


def shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@given(PAYLOADS)
def test_a_mapping_finds_by_each_path_the_value_that_stands_beside_it(payload: dict[str, Any]):
    for leaf in leaves(payload):
        if not leaf.each and not leaf.members:
            assert leaf.value == shown(mapped({"fields": {"title": leaf.path}}, payload).get("title", ""))


@given(PAYLOADS)
def test_a_list_that_is_offered_is_one_that_a_mapping_takes_events_from(payload: dict[str, Any]):
    for leaf in leaves(payload):
        if leaf.each:
            assert (elements({"events": leaf.path}, payload) or [None])[0] == element(payload, leaf.path)


@given(PAYLOADS)
def test_beside_the_elements_of_a_list_the_rest_of_the_payload_can_be_picked(payload: dict[str, Any]):
    payload = {"all": [{"name": "inner"}], **payload}
    if not isinstance(payload["all"], list) or not payload["all"]:
        return
    inner = element(payload, "all")
    for leaf in leaves(payload, "all"):
        if not leaf.members and not leaf.each:
            found = mapped({"fields": {"title": leaf.path}}, inner, whole=payload).get("title", "")
            assert leaf.value == shown(found)


@given(PAYLOADS)
def test_all_members_of_an_object_that_is_offered_are_tags(payload: dict[str, Any]):
    for leaf in leaves(payload):
        if leaf.members:
            assert mapped({"fields": {"tags": leaf.path}}, payload)["tags"]


def test_a_list_that_is_the_whole_payload_can_be_an_event_each():
    payload = [{"title": "one"}, {"title": "two"}]

    assert leaves(payload)[0] == Leaf("$", "a list of 2", each=True)
    assert elements({"events": "$"}, payload) == payload


def test_a_payload_without_end_is_shown_in_part():
    assert len(leaves({str(number): number for number in range(1000)})) == MOST


def test_a_list_of_objects_can_be_an_event_each():
    assert leaves({"a.b": [{"x": 1}]}) == [
        Leaf("a\\.b", "a list of 1", each=True),
        Leaf("a\\.b.0", "all 1 of it", members=True),
        Leaf("a\\.b.0.x", "1"),
    ]


PICKS = st.lists(
    st.tuples(
        st.sampled_from(["pick", "drop", "join", "tag", "link", "condition", "test", "ask", "mean", "fall", "one"]),
        st.sampled_from(["title", "dedup_key", "action", "tags"]),
        st.sampled_from(["a", "a.b", "c", "$.d"]),
        st.booleans(),
        WORDS,
    ),
    max_size=12,
)


@given(PICKS)
def test_whatever_is_picked_and_removed_in_whatever_order_the_draft_can_be_saved(picks: Any):
    draft = Draft({})
    for deed, field, path, flag, words in picks:
        deeds: dict[str, Callable[[], object]] = {
            "pick": partial(draft.pick, field, path),
            "drop": partial(draft.drop, field, path),
            "join": partial(draft.join, field, joined=flag),
            "tag": lambda path=path, words=words: draft.name_tag(f"tags.{draft.pick_tag(path)}", "".join(words)),
            "link": partial(draft.pick_link, path),
            "condition": partial(draft.pick_condition, path, words[0] if words else ""),
            "mean": partial(draft.mean, "action", path, "resolve" if flag else ""),
            "fall": partial(draft.fall_back, "source", "".join(words)),
        }
        if draft.conditions:
            deeds["test"] = partial(draft.test, 0, "there" if flag else "is_not", word="DOWN")
            deeds["ask"] = partial(draft.ask, 0, words)
            deeds["one"] = partial(draft.drop_one, "when", 0)

        deeds.get(deed, lambda: None)()

        check(draft.mapping)


def test_two_paths_of_a_title_are_tried_in_turn_and_two_of_a_dedup_key_are_joined():
    draft = Draft({"fields": {"title": "a", "dedup_key": "a"}})

    draft.pick("title", "b")
    draft.pick("dedup_key", "b")

    assert draft.mapping == {"fields": {"title": {"first": ["a", "b"]}, "dedup_key": ["a", "b"]}}


def test_a_draft_without_anything_is_no_mapping():
    draft = Draft({"fields": {"action": "a"}, "values": {"action": {"x": "resolve"}}})

    draft.drop("action", "a")

    assert draft.mapping == {}


def test_a_name_that_is_taken_gets_a_number():
    assert unique("env", {"env", "env 2"}) == "env 3"


@given(WORDS)
def test_words_are_read_as_they_are_written(words: list[str]):
    assert read(written(words)) == words


@pytest.fixture
async def page(laptop: Device, gallery: str) -> Page:
    page = await laptop.new_page()
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


async def saved(page: Page) -> Any:
    """Save, and return what was sent."""
    async with page.expect_request("**/api/v1/integrations/3/mapping") as asked:
        await page.get_by_role("button", name="Save").click()
    return (await asked.value).post_data_json


@pytest.mark.e2e
async def test_a_second_value_for_a_field_is_taken_where_the_first_is_missing_and_can_be_removed(page: Page):
    await page.get_by_role("button", name="url https").click()
    await expect(page.get_by_label("Title is")).to_have_value("first")
    assert (await saved(page))["fields"]["title"] == {"first": ["check.name", "url"]}

    await page.get_by_role("button", name="Remove Title: check.name").click()

    await expect(page.locator("#ok-picked")).to_be_focused()
    assert (await saved(page))["fields"]["title"] == "url"


@pytest.mark.e2e
async def test_tags_links_and_what_to_say_instead_are_picked_and_named(page: Page):
    members = page.get_by_role("button", name="labels A tag for each member")
    await expect(members).to_be_hidden()
    await page.get_by_role("radio", name="Tag").check()
    await members.click()
    await page.get_by_role("button", name="check.state CRIT").click()
    await page.get_by_role("textbox", name="Name").fill("state of it")
    await page.get_by_role("textbox", name="Name").press("Enter")
    link, url = page.get_by_role("radio", name="Link"), page.get_by_role("button", name="url https")
    # Both before the server can answer the first: the press finds its value.
    await link.evaluate("(radio, button) => { radio.click(); button.click(); }", await url.element_handle())
    await page.get_by_role("textbox", name="Words to show").fill("Runbook")
    await page.get_by_role("textbox", name="Words to show").press("Tab")
    await page.get_by_text("What to say where nothing is found").click()
    await page.get_by_label("Source, if nothing is found").fill("checks")
    await page.get_by_label("Source, if nothing is found").press("Tab")
    await expect(page.get_by_text("Not saved yet.")).to_be_visible()

    sent = await saved(page)

    assert sent["fields"]["tags"] == "labels"
    assert sent["fields"]["tags.state of it"] == "check.state"
    assert (sent["links"], sent["defaults"]) == ([{"text": "Runbook", "path": "url"}], {"source": "checks"})


@pytest.mark.e2e
async def test_conditions_are_picked_worded_and_put_in_order_by_keyboard_alone(page: Page):
    async def press(name: str, role: Any = "button") -> None:
        control = page.get_by_role(role, name=name).first
        await control.focus()
        await control.press("Space" if role == "radio" else "Enter")

    await press("Condition", "radio")
    await press("check.state CRIT")
    words = page.get_by_role("textbox", name="Words")
    await words.fill('CRIT, "DOWN, hard"')
    await words.press("Enter")
    await press("ended_at (empty)")
    await page.locator("#ok-when-1-then").select_option("resolve")
    await press("Try the condition on ended_at earlier")
    await expect(page.locator("#ok-when-0-test")).to_have_value("there")
    await expect(page.locator("#ok-when-0-test")).to_be_focused()

    assert (await saved(page))["when"] == [
        {"path": "ended_at", "there": True, "then": "resolve"},
        {"path": "check.state", "is": ["CRIT", "DOWN, hard"], "then": "trigger"},
    ]


@pytest.mark.e2e
async def test_what_is_being_typed_stays_while_the_page_changes_and_is_saved_by_a_press_on_save(page: Page):
    await page.get_by_role("radio", name="Condition").check()
    await page.get_by_role("button", name="check.state CRIT").click()
    words = page.get_by_role("textbox", name="Words")
    await words.fill("DOWN")
    await page.locator("#ok-when-0-then").select_option("resolve")
    await expect(page.get_by_text("Not saved yet.")).to_be_visible()
    await page.get_by_role("heading", name="Newly arrived").or_(page.get_by_text("Newly arrived")).first.wait_for()

    await expect(words).to_have_value("DOWN")
    assert (await saved(page))["when"] == [{"path": "check.state", "is": ["DOWN"], "then": "resolve"}]
