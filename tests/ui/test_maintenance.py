"""The page of maintenance and the dialog of a service: three clicks, and what they send."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, expect

from tests.ui.answers import Question, answer_to
from tests.ui.devices import Device

pytestmark = pytest.mark.e2e


async def _open(laptop: Device, gallery: str, path: str) -> tuple[Page, list[tuple[str, str, object]]]:
    page = await laptop.new_page()
    sent: list[tuple[str, str, object]] = []

    async def answer(route: Question) -> None:
        request = route.request
        sent.append((request.method, request.url.removeprefix(gallery), json.loads(request.post_data or "null")))
        quiet = {"words": "Always loudly", "flapping_words": ""}
        said = {"sentence": "It is so.", "open": 2, "quiet": quiet}
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    for routes in ("maintenance", "inhibitions", "services/"):
        await answer_to(page, f"**/api/v1/{routes}**", answer)
    await page.goto(f"{gallery}{path}")
    await page.locator("html[data-live=live]").wait_for()
    return page, sent


def _last(sent: list[tuple[str, str, object]], *names: str) -> tuple[str, str, dict[str, object]]:
    method, url, body = sent[-1]
    assert isinstance(body, dict)
    return method, url, {name: body[name] for name in names}


async def test_maintenance_of_a_service_is_started_in_three_clicks(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/maintenance")

    await page.get_by_role("button", name="Plan maintenance").first.click()
    await page.get_by_label("What is worked on").select_option("service:1")
    await page.get_by_role("button", name="Start maintenance").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert _last(sent, "service_id", "starts_at", "length_s", "repeat", "also_open") == (
        "POST",
        "/api/v1/maintenance",
        {"service_id": 1, "starts_at": None, "length_s": 3600, "repeat": "once", "also_open": False},
    )


async def test_what_is_open_now_is_counted_and_silenced_on_wish(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/maintenance")
    await page.get_by_role("button", name="Plan maintenance").first.click()

    await page.get_by_label("Silence the 2 open incidents as well").check()
    await page.get_by_role("button", name="Start maintenance").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert _last(sent, "also_open")[2] == {"also_open": True}


async def test_what_is_counted_meanwhile_moves_nothing_that_may_be_pressed(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/maintenance")
    answer = asyncio.Event()

    async def late(route: Question) -> None:
        await answer.wait()
        await route.fulfill(status=200, content_type="application/json", body='{"open": 2}')

    await answer_to(page, "**/api/v1/maintenance/preview", late)
    await page.get_by_role("button", name="Plan maintenance").first.click()
    await page.get_by_text("Only for some alerts").click()
    places = [
        page.get_by_label("What is worked on"),
        page.get_by_role("button", name="Add a condition").first,
        page.locator("#window-save"),
    ]
    before = [await place.bounding_box() for place in places]

    answer.set()

    await expect(page.get_by_label("Silence the 2 open incidents as well")).to_be_enabled()
    assert [await place.bounding_box() for place in places] == before
    assert not sent


async def test_a_dialog_grows_downwards_alone(laptop: Device, gallery: str):
    page, _ = await _open(laptop, gallery, "/maintenance")
    await page.get_by_role("button", name="Plan maintenance").first.click()
    place = page.get_by_label("What is worked on")
    before = await place.bounding_box()

    await page.get_by_label("At a set time").check()

    await expect(page.get_by_label("Begins", exact=True)).to_be_visible()
    assert await place.bounding_box() == before


async def test_a_weekly_window_for_some_alerts_is_sent_as_it_was_filled_in(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/maintenance")
    await page.get_by_role("button", name="Plan maintenance").first.click()
    await page.get_by_label("At a set time").check()
    await page.get_by_label("Begins", exact=True).fill("2027-01-05T22:30")
    await page.get_by_label("It comes").select_option("weekly")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        await page.get_by_label(day).set_checked(day == "Tuesday")
    await page.get_by_text("Only for some alerts").click()
    await page.get_by_role("button", name="Add a condition").first.click()
    row = page.locator("#window-conditions")
    await row.get_by_label("Field").fill("tags.rack")
    await row.get_by_label("How it is compared").select_option("one of")
    await row.get_by_label("Value; several").fill("r1, r2")

    await page.locator("#window-save").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert _last(sent, "starts_at", "repeat", "weekdays", "matchers")[2] == {
        "starts_at": "2027-01-05T22:30",
        "repeat": "weekly",
        "weekdays": [2],
        "matchers": [{"field": "tags.rack", "op": "one of", "values": ["r1", "r2"]}],
    }


async def test_a_window_is_ended_only_after_a_second_look(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/maintenance")

    await page.get_by_role("button", name="End “Database upgrade” now").click()
    assert not sent
    await page.get_by_role("button", name="End now", exact=True).last.click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1][:2] == ("POST", "/api/v1/maintenance/1/end")


async def test_a_rule_of_inhibition_is_sent_as_it_was_filled_in(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/maintenance")
    await page.get_by_role("button", name="New rule").click()
    form = page.locator("#ok-rule-form")
    await form.get_by_label("Name").fill("Switch before hosts")
    for side, value in (("#rule-source", "Switch"), ("#rule-target", "Host")):
        await form.locator(side).get_by_label("Field").fill("title")
        await form.locator(side).get_by_label("Value; several").fill(value)
    await form.get_by_label("and which have the same").fill("tags.rack, tags.row")

    await form.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    assert sent[-1] == (
        "POST",
        "/api/v1/inhibitions",
        {
            "name": "Switch before hosts",
            "source": [{"field": "title", "op": "is", "values": ["Switch"]}],
            "target": [{"field": "title", "op": "is", "values": ["Host"]}],
            "equal": ["tags.rack", "tags.row"],
        },
    )


async def test_support_hours_and_flapping_of_a_service_are_changed_in_its_dialog(laptop: Device, gallery: str):
    page, sent = await _open(laptop, gallery, "/services")
    await page.get_by_role("button", name="Change how Search pages").click()
    form = page.locator("#ok-quiet-form")
    await form.get_by_label("How loudly it pages").select_option("support_hours")
    await form.get_by_label("From").first.fill("08:00")
    await form.get_by_label("Page no more for what opens").check()

    await form.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("It is so.").first).to_be_visible()
    await expect(form).to_be_hidden()
    assert [(method, url) for method, url, _ in sent] == [
        ("PUT", "/api/v1/services/3/urgency"),
        ("PUT", "/api/v1/services/3/flapping"),
    ]
    urgency, flapping = sent[0][2], sent[1][2]
    assert isinstance(urgency, dict)
    assert urgency["mode"] == "support_hours"
    assert urgency["hours"]["parts"][0] == {"weekday": 1, "start": "08:00", "end": "17:00"}
    assert flapping == {"on": True, "start": 6, "stop": 3, "window_s": 1800}
    await expect(page.locator("#quiet-words-3")).to_have_text("Always loudly")
