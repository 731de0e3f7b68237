"""What changes on an open page changes in place: a menu stays open, a press on its way finds what it was meant for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.ui import me
from opsknight.ui.incident.alerts import Alerts
from opsknight.ui.incident.paged import Paged
from opsknight.ui.incident.side import Side
from opsknight.ui.incident.why import Why, show_why
from opsknight.ui.inhibitions import show_inhibitions
from opsknight.ui.integration.body import Body
from opsknight.ui.integration.mails import Mails
from opsknight.ui.maintenance import Windows
from opsknight.ui.parts.field import offer, select
from opsknight.ui.rules.listed import Rules
from tests.ui import handoff_samples, integration_samples, me_samples, rule_samples, samples, why_samples
from tests.ui.elements import a_page, fire, found, words


async def test_a_rule_that_matches_tells_it_and_leaves_its_menu_alone():
    first, *others = rule_samples.rules()
    async with a_page() as page:
        shown = Rules({"1": "Checkout"}, None, may=True, own={"1"})
        shown.update([first, *others])
        menu = found(page, id="more-1")

        shown.update([{**first, "matched": 4321}, *others])

        assert found(page, id="more-1") is menu
        assert "Matched 4,321 times" in words(shown.place)


async def test_what_a_window_keeps_quiet_is_counted_beside_its_open_menu():
    first, *others = samples.windows()
    more: Any = [{**first, "resting": 77}, *others]
    async with a_page() as page:
        shown = Windows(may_plan=True)
        shown.update([first, *others])
        menu = found(page, id="longer-1")

        shown.update(more)

        assert found(page, id="longer-1") is menu
        assert "77 quiet incidents" in words(shown.place)


async def test_what_a_rule_of_inhibition_keeps_quiet_is_counted_beside_its_buttons():
    first, second = samples.inhibitions()
    more: Any = [{**first, "resting": 77}, second]
    async with a_page() as page:
        shown = show_inhibitions([first, second], may_change=True)
        edit = found(page, aria_label=f"Edit {first['name']}")

        shown.update(more)

        assert found(page, aria_label=f"Edit {first['name']}") is edit
        assert "77 quiet incidents" in words(shown.place)


async def test_another_occurrence_leaves_alone_what_can_be_pressed_beside_the_incident():
    told = samples.told()
    async with a_page() as page:
        side = Side(told, samples.a_viewer())
        watch = found(page, id="ok-watch")

        counted: Any = {**told.detail["incident"], "count": 4321}
        side.update(replace(told, detail={**told.detail, "incident": counted}))

        assert found(page, id="ok-watch") is watch
        assert "4\u202f321" in words(page.content)


async def test_another_occurrence_of_an_alert_is_told_and_its_details_stay_as_they_were_opened():
    told = samples.told()
    alerts, line = told.detail["alerts"], told.detail["incident"]
    async with a_page() as page:
        shown = Alerts(alerts, line=line)
        details = [one for one in page.elements.values() if one.tag == "details"]

        shown.update([{**alerts[0], "count": 4321, "last_seen_at": samples.NOW}, *alerts[1:]], line=line)

        assert [one for one in page.elements.values() if one.tag == "details"] == details
        assert "4\u202f321 times" in words(page.content)


async def test_a_new_page_stands_above_those_that_are_being_read():
    pages = samples.told().pages
    async with a_page() as page:
        shown = Paged(pages[1:], viewer_id=1)
        before = [one for one in page.elements.values() if one.tag == "article"]

        shown.update(pages)

        after = [one for one in page.content.descendants() if one.tag == "article"]
        assert after[1:] == before
        assert len(after) == len(pages)


async def test_a_field_that_offers_something_else_keeps_what_is_chosen_in_it():
    async with a_page():
        control = select("by", "By", {"1": "Mail", "2": "Phone"})
        chosen = control.default_slot.children[1]

        offer(control, {"2": "My phone", "3": "Push"})

        assert control.default_slot.children[0] is chosen
        assert [words(one) for one in control.default_slot.children] == ["My phone", "Push"]


async def test_of_two_raw_bodies_that_are_read_at_once_the_last_wanted_is_shown():
    slow = asyncio.Event()

    async def read(delivery_id: str) -> StoredDelivery:
        if delivery_id == "first":
            await slow.wait()
        said: Any = {"id": UUID(int=1), "original_id": UUID(int=1), "integration_id": 1, "status": "accepted"}
        return StoredDelivery(
            **said, received_at=datetime.fromtimestamp(0, UTC), reason="", content_type="", body=delivery_id.encode()
        )

    async with a_page() as page:
        body = Body(read)
        async with asyncio.TaskGroup() as reading:
            reading.create_task(body.show("first"))
            await asyncio.sleep(0)
            await body.show("second")
            slow.set()

        assert "second" in words(page.content)
        assert "first" not in words(page.content)


async def test_the_answer_is_about_whom_was_chosen_last():
    slow = asyncio.Event()

    async def explain(user_id: int) -> Any:
        if user_id == 1:
            await slow.wait()
        return why_samples.why(user_id)

    async with a_page() as page:
        show_why(Why(why_samples.PEOPLE, explain), viewer_id=1, paged=True)
        (folded,) = [one for one in page.elements.values() if one.tag == "details"]
        async with asyncio.TaskGroup() as asking:
            asking.create_task(fire(folded, "toggle"))
            await asyncio.sleep(0)
            await fire(found(page, id="why-user"), "change", "2")
            slow.set()

        assert "Maximiliane Oberbichler-Hohenstein was not paged" in words(page.content)


async def test_a_dialog_that_is_open_stays_while_a_device_is_added_and_offers_it():
    reach = me_samples.reach()
    added: Any = {**reach.methods[0], "id": 77, "label": "My tablet"}
    async with a_page() as page:
        shown = me.show(samples.a_viewer(), reach, channels=[], **handoff_samples.before_a_shift())
        dialog, quiet = found(page, id="ok-rule-add"), found(page, id="ok-undisturb")

        shown.update(replace(reach, methods=[*reach.methods, added]))

        assert (found(page, id="ok-rule-add"), found(page, id="ok-undisturb")) == (dialog, quiet)
        assert "My tablet" in words(found(page, id="rule-method"))


async def test_a_condition_is_removed_alone_so_that_what_is_typed_or_pressed_in_the_next_arrives():
    async def none(*_: object) -> list[Any]:
        return []

    async with a_page() as page:
        Mails(4, integration_samples.CONDITIONS, read=none, preview=none)
        second, remove = found(page, aria_label="Condition 2"), found(page, aria_label="Remove condition 2")

        await fire(found(page, aria_label="Remove condition 1"), "click")

        assert found(page, aria_label="Condition 1") is second
        await fire(remove, "click")  # it was on its way
        assert words(page.content).startswith("No conditions: mails are read by")


async def test_a_mail_condition_that_is_added_leaves_those_there_are_alone():
    async def none(*_: object) -> list[Any]:
        return []

    async with a_page() as page:
        Mails(4, integration_samples.CONDITIONS, read=none, preview=none)
        first, kept_by = found(page, aria_label="Condition 1"), found(page, id="ok-key-of")
        (add,) = [one for one in page.elements.values() if one.tag == "button" and words(one) == "Add a condition"]

        await fire(add, "click")
        await fire(kept_by, "change", "subject")

        assert found(page, aria_label="Condition 1") is first
        assert found(page, id="ok-key-of") is kept_by
        assert words(found(page, aria_label="Condition 3"))
