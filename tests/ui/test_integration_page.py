"""The page of an integration: what arrives shows itself, and a body is read, never run."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect

from opsknight.ui.integration.body import SHOWN, readable, size
from tests.browsers import answer_from_now
from tests.ui.answers import answer_to
from tests.ui.devices import Device

LINES = ".ok-delivery"


@pytest.fixture
async def page(laptop: Device, gallery: str) -> Page:
    page = await laptop.new_page()
    await page.goto(f"{gallery}/integrations/1")
    await page.locator("html[data-live=live]").wait_for()
    return page


@pytest.mark.e2e
async def test_what_arrives_comes_in_at_the_top_and_the_focus_stays_where_it_was(page: Page):
    await expect(page.locator(LINES).first).to_contain_text("Opened an incident")
    second = page.locator(LINES).nth(1).get_by_role("button", name="Raw body")
    await second.evaluate("(button) => { button.focus(); button.dataset.here = 'yes'; }")

    await expect(page.locator(LINES).first).to_contain_text("Newly arrived")

    assert await page.evaluate("document.activeElement.dataset.here") == "yes"


@pytest.mark.e2e
async def test_the_refused_ones_can_be_looked_at_alone_with_their_reasons(page: Page):
    await page.get_by_role("radio", name="Refused").check()

    await expect(page.locator(LINES)).to_have_count(3)
    await expect(page.locator(LINES).first).to_contain_text("The event has no title; send one as")


@pytest.mark.e2e
async def test_what_did_not_prove_itself_is_told_with_what_to_do(page: Page):
    told = page.locator(".ok-note", has_text="did not prove")

    await expect(told).to_contain_text("12 deliveries did not prove that they are from its monitor")
    await expect(told).to_contain_text("Compare the secret here with the monitor's")


@pytest.mark.e2e
async def test_a_raw_body_is_shown_and_never_run(page: Page):
    await page.locator(LINES).last.get_by_role("button", name="Raw body").click()

    shown = page.locator(".ok-raw-text code")
    await expect(shown).to_contain_text("<script>document.title='broken into'</script>")
    await expect(shown).to_contain_text('"n": [\n')
    assert "broken into" not in await page.title()


@pytest.mark.e2e
async def test_a_test_event_says_what_became_of_it(page: Page):
    said = {"sentence": "Sent, and a rule drops it: nothing opens.", "events": []}
    await answer_to(page, "**/api/v1/integrations/1/test-event", lambda route: route.fulfill(json=said))

    await page.get_by_role("button", name="Send a test event").click()

    await expect(page.locator(".ok-toast")).to_contain_text("Sent, and a rule drops it: nothing opens.")


@pytest.mark.e2e
async def test_who_switches_it_off_is_told_first_what_becomes_of_its_open_alerts(page: Page):
    sent: list[tuple[str, str]] = []

    async def answer(route: Route) -> None:
        sent.append((route.request.method, route.request.url.partition("/api/v1")[2]))
        await route.fulfill(json={"left": " 3 alerts of it are still open.", "sentence": "It is switched off."})

    await answer_from_now(page, "**/api/v1/integrations/1**", answer)
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.locator("#ok-integration-off")).to_contain_text("3 alerts of it are still open.")
    assert sent == [("GET", "/integrations/1")]

    await page.get_by_role("button", name="Switch it off").click()

    await expect(page.get_by_text("It is switched off.").first).to_be_visible()
    assert sent[1:] == [("POST", "/integrations/1/switch-off")]


@pytest.mark.e2e
async def test_a_name_that_is_refused_is_told_where_it_is_written(page: Page):
    async def refuse(route: Route) -> None:
        await route.fulfill(status=422, json={"detail": "An integration needs a name."})

    await answer_from_now(page, "**/api/v1/integrations/1/name", refuse)
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_role("textbox", name="Name").fill(" ")

    await page.keyboard.press("Enter")

    await expect(page.locator("#ok-integration-rename")).to_contain_text("An integration needs a name.")


@pytest.mark.e2e
async def test_one_that_is_off_says_so_with_who_sends_still_and_offers_the_way_back(page: Page, gallery: str):
    await page.goto(f"{gallery}/integrations/6")

    told = page.locator(".ok-note", has_text="Switched off")
    await expect(told).to_contain_text("41 times something came all the same")
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    await expect(page.get_by_role("button", name="Send a test event")).to_have_count(0)


@pytest.mark.e2e
async def test_who_does_not_manage_its_team_is_told_who_does(page: Page, gallery: str):
    await page.goto(f"{gallery}/integrations/5")

    await expect(page.locator("#this")).to_contain_text("Managers of its team and admins")
    await expect(page.get_by_role("button", name="Switch off")).to_have_count(0)


def test_json_is_indented_and_every_character_of_it_kept():
    body = b'{"a":1.10,"a":2e400,"b":[],"c":[{"d":"x, {\\"y\\"}: \\\\"}]}'

    text = readable(body)

    assert text.splitlines() == [
        "{", '  "a": 1.10,', '  "a": 2e400,', '  "b": [],', '  "c": [', "    {", '      "d": "x, {\\"y\\"}: \\\\"',
        "    }", "  ]", "}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<alert>1</alert>", "<alert>1</alert>"),
        (b"\xff\x00", "\ufffd\ufffd"),
        (b'{"cut": "in the mid', '{\n  "cut": "in the mid'),
        (b"}]", "}]"),
    ],
)
def test_what_is_no_json_stays_as_it_is(body: bytes, text: str):
    assert readable(body) == text


def test_a_large_body_is_shown_in_part_however_deep_it_is():
    assert len(readable(b"x" * SHOWN * 2)) == SHOWN
    assert len(readable(b"[" * SHOWN * 2)) < SHOWN * 50


@pytest.mark.parametrize(("count", "words"), [(812, "812 B"), (4100, "4.1 kB"), (1_200_000, "1.2 MB")])
def test_a_size_reads_as_people_say_it(count: int, words: str):
    assert size(count) == words


@pytest.mark.e2e
async def test_a_key_is_ended_only_after_a_second_look(laptop: Device, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/integrations/2")
    await page.get_by_role("button", name="End the former key").click()

    async with page.expect_request("**/api/v1/integrations/2/keys/former") as asked:
        await page.get_by_role("button", name="End it").click()

    assert (await asked.value).method == "DELETE"
