"""What belongs in one line stands in one, and what stands apart leaves room between."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.ui.devices import Device, a_device

pytestmark = pytest.mark.e2e

# Where the words of each begin and end, whatever room is kept around them.
WORDS = """all => all.filter((one) => one.checkVisibility()).map((one) => {
  const words = document.createRange();
  words.selectNodeContents(one);
  const { left, right } = words.getBoundingClientRect();
  return [Math.round(left), Math.round(right)];
})"""
EDGES = """all => all.filter((one) => one.checkVisibility()).map((one) => {
  const { left, top, right, bottom } = one.getBoundingClientRect();
  return [left, top, right, bottom].map(Math.round);
})"""


async def _open(device: Device, address: str, *, narrow: bool = False) -> Page:
    page = await device.new_page()
    if narrow:
        await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(address)
    await page.locator("html[data-live=live]").wait_for()
    await page.evaluate("document.fonts.ready.then(() => true)")
    return page


async def test_states_and_times_of_all_heartbeats_begin_in_two_columns(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/heartbeats")

    states = await page.locator(".ok-beat-times > .ok-verdict").evaluate_all(EDGES)
    times = await page.locator(".ok-beat-times > :not(.ok-verdict)").evaluate_all(EDGES)

    assert len({left for left, *_ in states}) == 1
    assert min(left for left, *_ in times) >= max(right for *_, right, _ in states)


@pytest.mark.parametrize("path", ["/heartbeats", "/teams", "/services", "/maintenance"])
async def test_a_quiet_button_begins_where_the_words_above_it_begin(laptop: Device, gallery: str, path: str):
    page = await _open(laptop, f"{gallery}{path}", narrow=True)

    [[heading, _]] = await page.locator("main h1").evaluate_all(WORDS)
    quiet = page.locator("main .ok-buttons > .ok-button-quiet:first-child:not(:has(.ok-icon))")

    begins = {left for left, _ in await quiet.evaluate_all(WORDS)}
    assert begins
    assert max(abs(left - heading) for left in begins) <= 1


async def test_the_last_quiet_button_of_a_row_ends_where_the_row_ends(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/heartbeats")

    [[_, _, row, _]] = await page.locator(".ok-beat-head").first.evaluate_all(EDGES)
    ends = {right for _, right in await page.locator(".ok-beat-head .ok-button:last-child").evaluate_all(WORDS)}

    assert max(abs(right - row) for right in ends) <= 1


@pytest.mark.parametrize(
    ("path", "what"),
    [("/channels", ".ok-note"), ("/integrations/1", ".ok-note"), ("/readiness", ".ok-fit-house .ok-buttons")],
)
async def test_a_box_leaves_room_below_what_it_follows(laptop: Device, gallery: str, path: str, what: str):
    page = await _open(laptop, f"{gallery}{path}")

    room = """all => all.filter((one) => one.previousElementSibling).map((one) =>
      Math.round(one.getBoundingClientRect().top - one.previousElementSibling.getBoundingClientRect().bottom))"""
    rooms = await page.locator(f"main {what}").evaluate_all(room)

    assert rooms
    assert min(rooms) >= 8


async def test_a_label_of_two_lines_moves_no_field_out_of_its_line(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/rules/new", narrow=True)

    sets = page.locator(".ok-rule-set").filter(visible=True)
    assert await sets.count() > 0
    for fields in await sets.all():
        tops = [top for _, top, *_ in await fields.locator(".ok-input, .ok-select").evaluate_all(EDGES)]
        assert len(set(tops)) == -(-len(tops) // 2)


async def test_who_is_next_stands_beside_who_is_on_call(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/oncall")

    row = page.locator(".ok-duty-row").filter(has_text="Nobody within a year")
    tops = await row.locator(".ok-duty-people > :first-child").evaluate_all(EDGES)

    assert len({(top, bottom) for _, top, _, bottom in tops}) == 1


async def test_on_a_phone_a_schedules_days_and_the_way_to_others_share_a_line(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/schedules/1", narrow=True)

    [[_, top, _, bottom]] = await page.locator(".ok-schedule-bar h2").evaluate_all(EDGES)
    [[_, step_top, _, step_bottom]] = await page.locator(".ok-schedule-bar .ok-schedule-step").evaluate_all(EDGES)

    assert abs((top + bottom) - (step_top + step_bottom)) <= 2


async def test_a_laptop_shows_all_keys_at_once(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/incidents/412")

    await page.keyboard.press("?")

    keys = page.get_by_role("dialog", name="Keys")
    await expect(keys.get_by_text("Close, or leave the field")).to_be_visible()
    assert await keys.evaluate("one => one.scrollHeight - one.clientHeight") == 0


async def test_what_names_a_group_of_fields_leaves_room_below(laptop: Device, gallery: str):
    page = await _open(laptop, f"{gallery}/incidents/412")

    await page.keyboard.press("h")

    asked = page.get_by_role("dialog", name="Ask for help")
    [[_, _, _, bottom]] = await asked.locator("legend").evaluate_all(EDGES)
    [[_, top, _, _]] = await asked.get_by_placeholder("Find a person").evaluate_all(EDGES)
    assert top - bottom >= 5


@pytest.mark.parametrize("locale", ["en-GB", "en-US"])
async def test_a_laptops_strip_tells_until_when_somebody_is_on_call(browser: Browser, gallery: str, locale: str):
    async with a_device(browser, gallery, locale=locale) as laptop:
        page = await _open(laptop, f"{gallery}/people/5")

        [[_, line, _, _]] = await page.locator(".ok-oncall .ok-until").evaluate_all(EDGES)
        [[_, time, _, _]] = await page.locator(".ok-oncall .ok-until time").evaluate_all(EDGES)
        name = "one => one.scrollWidth - one.clientWidth"

        assert abs(time - line) < 5
        assert await page.locator(".ok-oncall b").evaluate(name) == 0
