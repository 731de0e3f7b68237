"""The page of channels: how a room is added, tested and removed, and what who manages no team sees of it."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

SECRET = "a-signing-secret"


async def _open(
    laptop: Device, gallery: str, *, day: str = "bad", refused: str = "", there: str = ""
) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        wish = json.loads(request.post_data or "null")
        sent.append((request.method, request.url.removeprefix(gallery), wish))
        if refused:
            body = json.dumps({"detail": refused})
            await route.fulfill(status=422, content_type="application/problem+json", body=body)
            return
        said = {"sentence": "It is so.", "id": 9, "rooms": []}
        if wish and wish.get("channel") == "webhook":
            said["secret"] = {"key": SECRET}
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    for routes in ("teams/**", "rooms/**"):
        await answer_to(page, f"**/api/v1/{routes}", answer)
    await page.goto(f"{gallery}/channels?day={day}{there}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_a_room_is_added_at_an_address_that_its_channel_explains(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)

    await page.get_by_role("button", name="Add a room").click()
    form = page.get_by_role("dialog", name="Add a room")
    await form.get_by_label("Team").select_option("Payments")
    await form.get_by_label("By", exact=True).select_option("Mail")
    await form.get_by_label("E-mail address").fill("ops@example.org")
    await form.get_by_label("Call it").fill("ops list")
    await form.get_by_label("Call it").press("Enter")

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    await expect(form).to_be_hidden()
    wish = {"channel": "email", "address": "ops@example.org", "label": "ops list"}
    assert sent == [("POST", "/api/v1/teams/1/rooms", wish)]


async def test_a_chat_that_offers_itself_by_a_link_is_already_typed_in_once(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, there="#add=teams_bot:teams:WyJodHRwcz.x-y_z")

    form = page.get_by_role("dialog", name="Add a room")
    await expect(form).to_be_visible()
    await expect(form.get_by_label("Address of the chat")).to_have_value("teams:WyJodHRwcz.x-y_z")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form).to_be_hidden()

    wish = {"channel": "teams_bot", "address": "teams:WyJodHRwcz.x-y_z", "label": ""}
    assert sent == [("POST", "/api/v1/teams/1/rooms", wish)]
    assert page.url.endswith("/channels?day=bad")  # to load the page again asks nobody again


async def test_a_chat_offers_itself_on_ones_own_page_too(laptop: Device, gallery: str):
    page = await laptop.new_page()

    await page.goto(f"{gallery}/me#add=teams_bot:teams:WyJodHRwcz.x-y_z")

    form = page.get_by_role("dialog", name="Add a contact method")
    await expect(form.get_by_label("Address of the chat")).to_have_value("teams:WyJodHRwcz.x-y_z")
    await expect(page).to_have_url(f"{gallery}/me")


@pytest.mark.parametrize("there", ["#add=telegram:12345678", "#add=ntfy:ops-ada", "#add=webhook:https://example.org"])
async def test_a_link_with_an_address_that_was_not_sealed_opens_nothing(laptop: Device, gallery: str, there: str):
    page, _ = await _open(laptop, gallery, there=there)

    await expect(page.get_by_role("dialog", name="Add a room")).to_be_hidden()


async def test_the_app_of_a_channel_is_there_for_who_installs_it(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)

    await expect(page.get_by_role("link", name="Download its app")).to_have_attribute(
        "href", "/api/v1/channels/teams_bot/app"
    )


async def test_a_channel_that_nobody_set_up_is_not_offered(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)

    await page.get_by_role("button", name="Add a room").click()
    offered = await page.get_by_label("By", exact=True).locator("option").all_text_contents()

    assert "Mail" in offered
    assert {"Telegram", "Matrix", "SMS", "Push"}.isdisjoint(offered)


async def test_what_a_channel_needs_that_nobody_set_up_is_told_to_who_asks(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)
    needs = page.get_by_role("list", name="Channels that are not set up")
    await expect(needs).to_be_hidden()

    await page.locator("summary", has_text="Telegram").click()

    await expect(needs).to_contain_text("OPSKNIGHT_TELEGRAM_TOKEN")


async def test_the_secret_of_a_webhook_is_shown_until_it_is_closed(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)

    await page.get_by_role("button", name="Add a room").click()
    await page.get_by_label("By", exact=True).select_option("Webhook")
    await page.locator("#room-address").fill("https://wall.example.org/hook")
    await page.locator("#room-save").click()
    box = page.get_by_role("dialog", name="The signing secret")
    await expect(box.get_by_text(SECRET)).to_be_visible()
    await box.get_by_role("button", name="Done").click()

    await expect(page.get_by_text(SECRET)).to_have_count(0)


async def test_a_refused_room_says_why_and_keeps_what_was_typed(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, refused="That is no address.")

    await page.get_by_role("button", name="Add a room").click()
    await page.locator("#room-address").fill("nonsense")
    await page.locator("#room-save").click()

    await expect(page.locator("#room-error")).to_have_text("That is no address.")
    await expect(page.locator("#room-address")).to_have_value("nonsense")


async def test_a_room_is_tested_and_removed_from_its_menu(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery)
    more = page.get_by_role("button", name="Change #payments-alerts in Slack of Payments")

    await more.click()
    await page.locator("#room-1").get_by_role("button", name="Post a test message").click()
    await expect(page.get_by_text("It is so.").first).to_be_visible()
    await more.click()
    await page.locator("#room-1").get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("It is so.")).to_have_count(3)

    assert [(method, url) for method, url, _ in sent] == [
        ("POST", "/api/v1/rooms/1/test"),
        ("DELETE", "/api/v1/rooms/1"),
    ]


async def test_rooms_of_other_teams_are_read_only(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)

    theirs = page.get_by_role("list", name="Rooms of Edge network")
    await expect(theirs.get_by_text("#edge:example.org in Matrix")).to_be_visible()
    await expect(theirs.get_by_role("button")).to_have_count(0)


async def test_who_manages_no_team_adds_no_room_and_sees_no_costs(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, day="good")

    await expect(page.get_by_text("OpsKnight vouches for itself")).to_be_visible()
    await expect(page.get_by_role("button", name="Add a room")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Costs")).to_have_count(0)


async def test_what_keeps_the_budget_from_being_watched_is_said_beside_the_costs(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery)

    await expect(page.get_by_text("the budget of a month is 30.00 EUR")).to_be_visible()
    await expect(page.get_by_text("Not counted against the budget of 30.00 EUR: 0.21 USD")).to_be_visible()
    await expect(page.get_by_text("The budget cannot be watched for Call")).to_be_visible()
