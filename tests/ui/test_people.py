"""The pages of people and teams and the form of a service: what their dialogs send, and what they show then."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, expect

from tests.bounds import PATIENCE_S
from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e

LINK = "https://ops.example.org/sign-in/secret"


async def _open(
    laptop: Device, gallery: str, path: str, *, refused: str = ""
) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        said = {"sentence": "It is so.", "link": LINK if "sign-in-link" in request.url else None}
        said |= {"person": {"name": "Amira K"}, "service": {"id": 3}, "integration": {"id": 1}}
        if refused:
            await route.fulfill(
                status=409, content_type="application/problem+json", body=json.dumps({"detail": refused})
            )
        else:
            await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    for routes in ("people**", "teams**", "services**", "me/profile"):
        await answer_to(page, f"**/api/v1/{routes}", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


async def test_somebody_is_invited_in_the_zone_of_the_inviter(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/people")

    await page.get_by_role("button", name="Invite somebody").click()
    await page.get_by_label("E-mail address").fill("ada@example.org")
    await page.get_by_label("Name", exact=True).fill("Ada Moreno")
    await page.get_by_label("Team").select_option("1")
    await page.get_by_label("Name", exact=True).press("Enter")

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1] == (
        "POST",
        "/api/v1/people",
        {"email": "ada@example.org", "name": "Ada Moreno", "role": "responder", "zone": "Europe/Berlin", "team_id": 1},
    )


async def test_a_refused_invitation_says_why_and_keeps_what_was_typed(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/people", refused="Ada has the address already.")

    await page.get_by_role("button", name="Invite somebody").click()
    await page.get_by_label("E-mail address").fill("ada@example.org")
    await page.get_by_role("button", name="Invite", exact=True).click()

    await expect(page.get_by_role("alert").filter(has_text="Ada has the address already.").first).to_be_visible()
    await expect(page.get_by_label("E-mail address")).to_have_value("ada@example.org")


async def test_a_link_to_hand_over_is_shown_until_it_is_closed(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/people/2")

    await page.get_by_role("button", name="New sign-in link").click()
    box = page.get_by_role("dialog", name="Hand over this link")
    await expect(box.get_by_text(LINK)).to_be_visible()
    await box.get_by_role("button", name="Done").click()

    await expect(page.get_by_text(LINK)).to_have_count(0)


async def test_a_person_is_changed_in_a_dialog_that_knows_them(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/people/2")

    await page.get_by_role("button", name="Change", exact=True).click()
    await page.get_by_label("What they may do").select_option("manager")
    await page.get_by_role("button", name="Save", exact=True).click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1] == (
        "PUT",
        "/api/v1/people/2",
        {"name": "Maximiliane Oberbichler-Hohenstein", "role": "manager", "zone": "Europe/Berlin"},
    )


async def test_a_person_is_deactivated_only_after_a_second_look(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/people/2")

    await page.get_by_role("button", name="Deactivate").click()
    assert not sent
    await expect(page.get_by_text("They own 2 open incidents; hand over first.")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1][:2] == ("POST", "/api/v1/people/2/deactivate")


async def test_nobody_deactivates_themselves(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/people/1")

    await expect(page.get_by_role("button", name="Change", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Deactivate")).to_have_count(0)


async def test_who_belongs_to_a_team_already_is_not_offered_again(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/teams")

    await page.get_by_role("button", name="Add somebody to Payments").click()
    offered = page.locator("#join-person option:not([hidden])")
    await expect(offered).to_have_text(["Bo Lin"])
    await page.get_by_role("switch", name="Manages the team").check()
    await page.get_by_role("button", name="Add", exact=True).click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1] == ("PUT", "/api/v1/teams/1/members/5", {"manages": True})


async def test_a_member_is_made_a_manager_or_removed_from_the_menu(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/teams")
    more = page.get_by_role("button", name="Change Maximiliane Oberbichler-Hohenstein in Payments")

    await more.click()
    await page.get_by_role("button", name="Let them manage it").click()
    await expect(page.get_by_text("It is so.").first).to_be_visible()
    await more.click()
    await page.locator("#member-1-2").get_by_role("button", name="Remove from the team").click()
    await expect(page.get_by_text("It is so.")).to_have_count(3)

    assert [(method, url) for method, url, _ in sent] == [
        ("PUT", "/api/v1/teams/1/members/2"),
        ("DELETE", "/api/v1/teams/1/members/2"),
    ]
    assert sent[0][2] == {"manages": True}


async def test_a_team_is_renamed(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/teams")

    await page.get_by_role("button", name="Rename Payments").click()
    name = page.get_by_role("textbox", name="Name")
    await expect(name).to_have_value("Payments")
    await name.fill("Money")
    await name.press("Enter")

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1] == ("PUT", "/api/v1/teams/1", {"name": "Money"})


async def test_a_service_is_made_with_times_and_tags_as_they_were_written(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/services")

    await page.get_by_role("button", name="New service").click()
    form = page.locator("#ok-service-form")
    await form.get_by_label("Name").fill("Till")
    await form.get_by_label("How loudly it pages").select_option("high")
    await form.get_by_text("Times and tags").click()
    await form.get_by_label("Still on it? Loud incidents").fill("")
    await form.get_by_label("Still on it? Quiet incidents").fill("90")
    await form.get_by_label("Tags").fill("tier = 1\nurl=https://x/?a=b\n")
    await form.get_by_role("button", name="Make it").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()  # after the page was read anew
    assert [one for one in sent if one[0] == "POST"] == [
        (
            "POST",
            "/api/v1/services",
            {
                "name": "Till",
                "description": "",
                "team_id": 1,
                "policy_id": 1,
                "runbook_url": "",
                "tags": {"tier": "1", "url": "https://x/?a=b"},
                "ack_timeout_high_s": None,
                "ack_timeout_low_s": 5400,
                "reopen_window_s": 0,
                "resolves_with_last_alert": True,
                "urgency_mode": "high",
            },
        )
    ]


async def test_a_service_is_edited_as_it_is(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/services")

    await page.get_by_role("button", name="Edit Search").click()
    form = page.locator("#ok-service-form")
    await expect(form.get_by_label("How loudly it pages")).to_be_hidden()
    await form.get_by_label("What it does").fill("Finds products")
    await form.get_by_role("button", name="Save", exact=True).click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    [(_, url, wish)] = [one for one in sent if one[0] == "PUT"]
    assert isinstance(wish, dict)
    assert (url, wish["name"], wish["tags"], wish["ack_timeout_high_s"], wish["description"]) == (
        "/api/v1/services/3",
        "Search",
        {"tier": "1"},
        1800,
        "Finds products",
    )
    assert "urgency_mode" not in wish


async def test_a_monitor_is_added_and_its_page_opened(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/services")

    await page.get_by_role("button", name="Add a monitor to Search").click()
    form = page.locator("#ok-monitor-form")
    await expect(form.get_by_label("Kind of monitor")).to_have_value("generic")
    await form.get_by_label("Kind of monitor").select_option("alertmanager")
    await form.get_by_role("button", name="Add", exact=True).click()

    await expect(page).to_have_url(f"{gallery}/integrations/1")
    assert sent[-1] == (
        "POST",
        "/api/v1/services/3/integrations",
        {"provider": "alertmanager", "name": "Prometheus Alertmanager"},
    )


async def test_ones_own_name_and_zone_are_saved_on_ones_own_page(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/me")

    await page.get_by_label("Name", exact=True).fill("Amira K")
    await page.get_by_label("Time zone").fill("Asia/Kathmandu")
    await page.get_by_role("button", name="Save", exact=True).click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Amira K")
    changes = [one for one in sent if one[0] != "GET"]
    assert changes == [("PUT", "/api/v1/me/profile", {"name": "Amira K", "zone": "Asia/Kathmandu", "language": "en"})]


async def test_all_that_somebody_owns_is_handed_over_in_one_dialog(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/people/1")

    await page.get_by_role("button", name="Hand everything over").click()
    form = page.locator("#ok-person-hand-over")
    await form.get_by_label("To").select_option("3")
    await form.get_by_label("What they should know").fill("The disk is being enlarged")
    await form.get_by_role("button", name="Hand over").click()

    await expect(form).not_to_be_visible()
    assert sent == [("POST", "/api/v1/people/1/hand-over", {"to": 3, "note": "The disk is being enlarged"})]


async def test_the_palette_leads_to_a_person_by_name(laptop: Device, gallery: str):
    page = await laptop.new_page()
    await page.goto(f"{gallery}/me")
    await page.locator("html[data-live=live]").wait_for()

    await page.keyboard.press("Control+k")
    await page.keyboard.type("maximil")
    found = page.get_by_role("listbox", name="Found").get_by_role("option")
    await expect(found.first).to_contain_text("person · responder")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(f"{gallery}/people/4")


async def test_teams_are_found_by_their_letters_though_they_stand_in_no_strip(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/people")

    await page.keyboard.press("g")
    await page.keyboard.press("t")

    await expect(page).to_have_url(f"{gallery}/teams")


async def test_a_dialog_that_was_left_for_another_stays_open_and_what_was_refused_is_told(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/teams")
    held = asyncio.Queue[Question]()
    await answer_to(page, "**/api/v1/teams/1", lambda route: held.put_nowait(route))  # noqa: PLW0108  # playwright marks it
    name = page.get_by_role("textbox", name="Name")

    await page.get_by_role("button", name="Rename Payments").click()
    await name.fill("Money")
    await name.press("Enter")
    first = await asyncio.wait_for(held.get(), PATIENCE_S)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="New team").first.click()
    await name.fill("Storage")
    refusal = json.dumps({"detail": "Another team is called Money."})
    await first.fulfill(status=409, content_type="application/problem+json", body=refusal)

    await expect(page.locator(".ok-toast")).to_contain_text("Another team is called Money.")
    await expect(page.get_by_role("dialog", name="New team")).to_be_visible()
    await expect(page.locator("#team-error")).to_have_text("")
    await name.press("Enter")
    await expect(page.get_by_text("It is so.").first).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_filter_holds_for_rows_that_are_written_anew(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/services")
    rows = page.locator(".ok-service")

    await page.get_by_label("Filter services").fill("search")
    await expect(rows.filter(visible=True)).to_have_count(1)
    await page.evaluate(
        "for (const row of [...document.querySelectorAll('.ok-service')]) {"
        " const anew = row.cloneNode(true); anew.hidden = false; anew.dataset.anew = ''; row.replaceWith(anew); }"
    )

    await expect(page.locator("[data-anew]").filter(visible=True)).to_have_count(1)
