"""What a phone must show without a search: what happened, who and when in full, and what ends a form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.ui.devices import Device, a_device

pytestmark = pytest.mark.e2e

# The fields that have less room than the words in them.
CUT = """fields => fields.filter((one) => {
  const pen = document.createElement("canvas").getContext("2d"), look = getComputedStyle(one);
  pen.font = look.font;
  const room = one.clientWidth - parseFloat(look.paddingLeft) - parseFloat(look.paddingRight);
  return pen.measureText(one.selectedOptions?.[0].text ?? one.value).width > room;
}).map((one) => one.value)"""


@pytest.fixture(scope="module")
async def shown_phone(browser: Browser, gallery: str) -> AsyncIterator[Device]:
    """The phone that the tests have after each other."""
    size = {"width": 390, "height": 844}
    touched: dict[str, Any] = {"has_touch": True, "is_mobile": True, "service_workers": "block"}
    async with a_device(browser, gallery, viewport=size, **touched) as device:
        yield device


@pytest.fixture
async def phone(shown_phone: Device) -> AsyncIterator[Device]:
    """A phone in the hand of somebody in Berlin."""
    yield shown_phone
    await shown_phone.clear()


async def _open(device: Device, address: str) -> Page:
    page = await device.new_page()
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    await page.evaluate("document.fonts.ready.then(() => true)")
    return page


async def test_the_banner_leads_to_the_whole_of_what_it_says(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/services")

    link = page.locator(".ok-notice").get_by_role("link", name="Readiness")

    await expect(link).to_have_attribute("href", "/readiness")


async def test_what_ends_a_form_is_in_reach_however_long_the_form_is(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/services")
    await page.set_viewport_size({"width": 390, "height": 560})

    await page.get_by_role("button", name="New service").first.tap()

    await expect(page.get_by_role("dialog").get_by_role("button", name="Make it")).to_be_in_viewport(ratio=1)


async def test_a_question_about_a_long_name_stays_in_its_dialog(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/maintenance")

    await page.get_by_role("button", name="Cancel").first.tap()

    asked = page.get_by_role("dialog")
    await expect(asked.get_by_role("button", name="Leave it")).to_be_in_viewport(ratio=1)
    assert await asked.evaluate("one => [one.scrollLeft, one.scrollWidth - one.clientWidth]") == [0, 0]


async def test_a_thumb_hits_the_crosses_of_a_dialog(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/services")

    await page.get_by_role("button", name="Change").first.tap()

    crosses = page.get_by_role("dialog").locator(".ok-tool")
    sizes = await crosses.evaluate_all("all => all.map((one) => [one.offsetWidth, one.offsetHeight])")
    assert len(sizes) > 1
    assert [size for size in sizes if min(size) < 48] == []


async def test_hours_of_support_are_read_whole(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/services")

    await page.get_by_role("button", name="Change").first.tap()

    rows = page.get_by_role("dialog").locator(".ok-hours-row")
    assert await rows.locator("select, input").evaluate_all(CUT) == []


async def test_the_ways_to_change_a_shift_stand_in_columns(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/schedules/1")

    await page.locator(".ok-agenda-part[data-who]").first.tap()

    ways = page.get_by_role("dialog").locator(".ok-choice").first.locator("label")
    await expect(ways.nth(2)).to_be_visible()
    starts = await ways.evaluate_all("all => all.map((one) => Math.round(one.getBoundingClientRect().left))")
    assert len(set(starts)) == 2
    assert {starts.count(left) for left in starts} == {len(starts) // 2}


async def test_whom_to_call_next_is_never_cut(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/oncall")

    cut = await page.locator("#ok-on-call .ok-cut").evaluate_all(
        "names => names.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
    )

    assert cut == []


async def test_the_only_alert_of_an_incident_says_no_title_and_no_link_twice(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/incidents/413")

    alerts = page.locator(".ok-incident-part").filter(has=page.get_by_role("heading", name="Alerts"))
    await expect(alerts.locator(".ok-alert-says")).to_be_visible()
    await expect(alerts.locator(".ok-alert-title")).to_have_count(0)
    await expect(alerts.locator("[href='https://grafana.example.org/d/1']")).to_have_count(1)
    await expect(page.locator(".ok-incident-side [href='https://grafana.example.org/d/1']")).to_have_count(0)


async def test_what_changes_a_contact_method_stands_beside_it(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/me")

    beside = """rows => rows.map((row) => {
      const edges = (part) => row.querySelector(part).getBoundingClientRect(), deeds = edges(".ok-buttons");
      return [Math.round(row.getBoundingClientRect().right - deeds.right), deeds.top < edges(".ok-verdict").bottom];
    })"""
    seen = await page.locator(".ok-method").evaluate_all(beside)
    assert seen
    assert [one for one in seen if one != [0, True]] == []


async def test_a_rule_of_ones_own_names_its_method_in_full(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/me")

    names = page.locator(".ok-own-rule-list .ok-cut")
    rooms = await names.evaluate_all("all => all.map((one) => [one.scrollWidth - one.clientWidth, one.clientWidth])")
    assert rooms
    assert [room for room in rooms if room[0] > 0 or room[1] < 120] == []


async def test_a_shift_that_is_far_away_tells_its_hours(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/people/1")

    spans = page.locator(".ok-turn").filter(has_text=" to ").locator("time")

    times = await spans.all_text_contents()
    assert times
    assert [time for time in times if ":" not in time] == []


async def test_an_idle_channel_takes_no_line_to_say_that_nothing_happened(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/channels")

    await expect(page.get_by_text("Nothing was sent lately").first).to_be_hidden()
    await expect(page.get_by_text("Set up, not proven lately").first).to_be_visible()


async def test_the_fields_of_a_form_end_where_its_dialog_ends(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/services")

    await page.get_by_role("button", name="New service").first.click()

    fields = page.get_by_role("dialog").locator(".ok-field").filter(visible=True)
    ends = await fields.evaluate_all("all => all.map((one) => Math.round(one.getBoundingClientRect().right))")
    body = "one => Math.round(one.getBoundingClientRect().right - parseFloat(getComputedStyle(one).paddingRight))"
    assert set(ends) == {await page.get_by_role("dialog").locator(".ok-dialog-body").evaluate(body)}


async def test_when_somebody_was_paged_stands_beside_who_and_how(phone: Device, gallery: str):
    page = await _open(phone, f"{gallery}/incidents/412")

    apart = """lines => lines.map((one) => {
      const [what, time] = [one.firstElementChild, one.querySelector(":scope > time")];
      return time && Math.round(time.getBoundingClientRect().top - what.getBoundingClientRect().top);
    }).filter((one) => one !== null)"""
    seen = await page.locator(".ok-paged-head, .ok-notification-line").evaluate_all(apart)
    assert len(seen) > 3
    assert max(map(abs, seen)) < 8
