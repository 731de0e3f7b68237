"""Drills: who is paged, what counts as an answer, and what is told of whoever gave none."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from opsknight.api import acknowledge, drills
from opsknight.api.pressing import GONE, THANKS, Press, Pressed, press
from opsknight.domain.commands import drills as commands
from opsknight.domain.commands import people, receipts
from opsknight.domain.commands.left_alone import do_not_disturb
from opsknight.domain.model import drill as model
from opsknight.jobs.messages import Writer
from tests.api.a_drill import Drills
from tests.api.house import FROM_US, IN_BROWSER, House
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_user

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def at(house: House) -> Drills:
    house.routes.include_router(acknowledge.router(house.deps))
    house.routes.include_router(drills.router(house.deps))
    return Drills(house, await a_user(house.database, "Max", role="manager"))


async def test_a_drill_pages_a_person_for_real_and_says_first_that_nothing_is_wrong(at: Drills):
    ada = await a_user(at.house.database, "Ada")
    await at.begun(user_id=ada.id)

    (attempt,) = await at.sent()

    message = Writer("https://ops.example.com", b"s" * 32).message(attempt, now=at.house.clock.now())
    assert (message.urgency, message.drill, attempt.user_id) == ("high", True, ada.id)
    assert message.subject.startswith("Drill: nothing is wrong")
    assert "Max asked for it" in message.body
    assert message.acknowledge_url


async def test_everyone_on_call_tonight_is_drilled_once_each(at: Drills):
    ada, bo = await a_user(at.house.database, "Ada"), await a_user(at.house.database, "Bo")
    await a_schedule(at.house.database, ada, name="Primary")
    await a_schedule(at.house.database, ada, name="Second")
    await a_schedule(at.house.database, bo, name="Third")

    drill = await at.read(await at.begun())

    assert (drill["about"], [one["user"] for one in drill["by_person"]]) == (model.EVERYONE, ["Ada", "Bo"])


async def test_everyone_are_those_too_whom_the_policy_of_a_service_asks_directly(at: Drills):
    ada, bo = await a_user(at.house.database, "Ada"), await a_user(at.house.database, "Bo")
    policy = await a_policy(at.house.database, ada)
    await a_service(at.house.database, policy=policy)
    await a_policy(at.house.database, bo)

    drill = await at.read(await at.begun())

    assert [one["user"] for one in drill["by_person"]] == ["Ada"]
    assert await at.rows("SELECT reason FROM pages") == [(f"Max asked for it; the policy {policy.name} asks you",)]


async def test_an_acknowledge_keeps_the_other_messages_back(at: Drills):
    ada = await a_user(at.house.database, "Ada")
    await a_contact_method(at.house.database, ada, channel="slack", address="U1")
    drill_id = await at.begun(user_id=ada.id)
    (mail,) = await at.sent()
    at.house.clock.advance(timedelta(seconds=20))

    page = await at.house.client.post(f"/ack/{at.token(ada, mail.notification_id)}", headers={**IN_BROWSER, **FROM_US})
    at.house.clock.advance(2 * MINUTE)

    assert page.status_code == 200
    assert model.THANKS in page.text
    assert await at.sent("slack") == []
    assert (await at.rows("SELECT reason FROM notifications WHERE status = 'superseded'")) == [
        ("this person has acknowledged the drill",)
    ]
    drill = await at.read(drill_id)
    assert (drill["over"], drill["acknowledged"], drill["findings"]) == (True, 1, [])
    assert [one["acknowledged_s"] for one in drill["by_person"][0]["messages"]] == [20.0, None]


async def test_opening_the_link_acknowledges_nothing(at: Drills):
    ada = await a_user(at.house.database, "Ada")
    drill_id = await at.begun(user_id=ada.id)
    (mail,) = await at.sent()

    page = await at.house.client.get(f"/ack/{at.token(ada, mail.notification_id)}", headers=IN_BROWSER)

    assert "Acknowledge" in page.text
    assert (await at.read(drill_id))["acknowledged"] == 0


async def test_the_button_of_a_push_counts(at: Drills):
    ada = await a_user(at.house.database, "Ada")
    drill_id = await at.begun(user_id=ada.id)
    (mail,) = await at.sent()
    token = at.token(ada, mail.notification_id)

    answers = [await at.house.client.post("/api/v1/acknowledge-link", json={"token": token}) for _ in range(2)]

    assert [answer.json()["sentence"] for answer in answers] == [model.THANKS, model.ALREADY]
    assert (await at.read(drill_id))["by_person"][0]["via"] == "push button"


async def pressed(at: Drills, message: UUID) -> Pressed:
    what = {"channel": "slack", "identity": "U1", "what": Press.ACKNOWLEDGE, "via": "Slack button"}
    return await press(at.house.deps, notification_id=message, **what)


async def test_a_button_in_a_chat_counts_for_the_person_whose_message_it_is_alone(at: Drills):
    ada, bo = await a_user(at.house.database, "Ada"), await a_user(at.house.database, "Bo")
    await a_contact_method(at.house.database, bo, channel="slack", address="U1")
    drill_id = await at.begun(user_id=ada.id)
    (mail,) = await at.sent()

    assert (await pressed(at, mail.notification_id)).sentence == THANKS != GONE
    assert (await at.read(drill_id))["acknowledged"] == 0


async def test_after_fifteen_minutes_nothing_is_sent_and_nothing_counts(at: Drills):
    ada = await a_user(at.house.database, "Ada", reachable=False)
    await a_contact_method(at.house.database, ada, channel="slack", address="U1")
    drill_id = await at.begun(user_id=ada.id)
    (message,) = await at.sent("slack")
    async with at.house.deps.commands("system:receipt") as uow:
        await receipts.delivered(uow, message.notification_id)
    at.house.clock.advance(model.LASTS)

    assert (await pressed(at, message.notification_id)).sentence == model.TOO_LATE
    async with at.house.deps.engine_commands("housekeeping:drills") as uow:
        assert await commands.end(uow) == 1
        assert await commands.end(uow) == 0
    assert (await at.read(drill_id))["findings"] == [
        (
            "Ada did not answer within 15 min: the Slack message was seen after 15 min."
            " It arrived: ask them whether they heard it."
        )
    ]
    ((told,),) = await at.rows("SELECT data FROM facts WHERE kind = 'drill ended'")
    assert told["people"] == ["Ada"]


async def test_a_message_that_is_due_after_the_end_is_not_sent(at: Drills):
    ada = await a_user(at.house.database, "Ada")
    await at.begun(user_id=ada.id)
    at.house.clock.advance(model.LASTS)

    assert await at.sent() == []
    assert await at.rows("SELECT status, reason FROM notifications") == [("superseded", "the drill is over")]


async def test_who_cannot_be_reached_is_a_finding_at_once(at: Drills):
    ada = await a_user(at.house.database, "Ada", reachable=False)

    drill = await at.read(await at.begun(user_id=ada.id))

    assert drill["findings"] == [
        "Ada cannot be reached: no contact method. A real page would pass them by; have them see to it."
    ]


async def test_who_is_not_to_be_disturbed_is_left_out_and_their_substitute_is_not_woken(at: Drills):
    ada, bo = await a_user(at.house.database, "Ada"), await a_user(at.house.database, "Bo")
    async with at.house.deps.commands(f"user:{ada.id}") as uow:
        await do_not_disturb(uow, until=uow.now + timedelta(hours=1), substitute_id=bo.id)

    drill = await at.read(await at.begun(user_id=ada.id))

    assert await at.sent() == []
    assert drill["findings"] == [
        "Ada is not to be disturbed, and was left out; a real page would go to who stands in for them."
    ]


async def test_whose_substitute_is_deactivated_is_drilled_as_a_real_page_would_reach_them(at: Drills):
    ada, bo = await a_user(at.house.database, "Ada"), await a_user(at.house.database, "Bo")
    async with at.house.deps.commands(f"user:{ada.id}") as uow:
        await do_not_disturb(uow, until=uow.now + timedelta(hours=1), substitute_id=bo.id)
    async with at.house.deps.commands("system:test") as uow:
        await people.deactivate(uow, bo.id)

    await at.begun(user_id=ada.id)

    assert [attempt.user_id for attempt in await at.sent()] == [ada.id]


async def test_only_who_has_a_page_counts_as_asked(at: Drills):
    await a_schedule(at.house.database, await a_user(at.house.database, "Ada"), name="Primary")
    await a_schedule(at.house.database, await a_user(at.house.database, "Bo", reachable=False), name="Second")

    answer = await at.asked(at.boss, "POST", json={})

    assert answer.json()["sentence"] == (
        "The drill of everyone on call tonight has begun: 1 person is asked to acknowledge within 15 min."
        " No page goes to 1 more."
    )
    assert await at.rows("SELECT data->'people' FROM facts WHERE kind = 'drill began'") == [(["Ada"],)]


async def test_nobody_is_drilled_twice_at_a_time(at: Drills):
    ada = await a_user(at.house.database, "Ada")
    await at.begun(user_id=ada.id)

    again = await at.asked(at.boss, "POST", json={"user_id": ada.id})

    assert again.status_code == 409
    assert len(await at.rows("SELECT 1 FROM pages")) == 1


async def test_a_responder_drills_themselves_and_nobody_else(at: Drills):
    ada, bo = await a_user(at.house.database, "Ada"), await a_user(at.house.database, "Bo")

    assert (await at.asked(ada, "POST", json={"user_id": bo.id})).status_code == 403
    assert (await at.asked(ada, "POST", json={"user_id": ada.id})).status_code == 201


async def test_a_schedule_in_a_gap_has_nobody_to_drill(at: Drills):
    schedule = await a_schedule(at.house.database, name="Primary")

    answer = await at.asked(at.boss, "POST", json={"schedule_id": schedule.id})

    assert answer.status_code == 422
    assert "Nobody is on call on Primary now" in answer.text
