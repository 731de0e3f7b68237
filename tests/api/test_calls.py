"""Calls that tell of several incidents: one key acknowledges them all, each as if it had been pressed for it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.api import twilio as routes
from opsknight.carriers import Carriers
from opsknight.domain.commands import incidents
from opsknight.domain.store.tables import IncidentRow, NotificationRow, UserRow
from tests.api.house import ADDRESS, House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.cases.twilio_sms import settings
from tests.peers.twilio import Callback, Played

NUMBER = "+4915123456789"


@dataclass
class Call:
    """A call to Ada that told of three incidents."""

    house: House
    ada: UserRow
    incidents: list[IncidentRow]
    messages: list[NotificationRow]

    async def presses(self, digit: str, *, sid: str = "CA1") -> Played:
        return Played(await self.tells("keys", CallSid=sid, Digits=digit, To=NUMBER))

    async def tells(self, what: str, **params: str) -> str:
        path = f"/api/v1/twilio/{what}?notification={self.messages[0].id}"
        callback = Callback(f"{ADDRESS}{path}", params)
        return (await self.house.client.post(path, content=callback.body, headers=callback.headers)).text

    async def read(self, sql: str, **values: Any) -> list[Any]:
        async with self.house.deps.reading() as session:
            return list((await session.execute(text(sql), values)).scalars())

    async def statuses(self) -> list[str]:
        return await self.read("SELECT status FROM incidents ORDER BY number")


@pytest.fixture
async def call(house: House) -> Call:
    house.deps.carriers = Carriers(settings(""))
    house.routes.include_router(routes.router(house.deps))
    ada = await a_user(house.database, "Ada")
    phone = await a_contact_method(house.database, ada, channel="voice", address=NUMBER)
    call, service = Call(house, ada, [], []), await a_service(house.database)
    for _ in range(3):
        incident = await a_stored_incident(house.database, service)
        page = await a_page(house.database, incident, ada)
        sent: dict[str, Any] = {"status": "accepted", "attempts": 1}
        if call.messages:
            sent = {"status": "bundled", "bundled_into": call.messages[0].id}
        sent["finished_at"] = house.clock.now()
        call.incidents.append(incident)
        call.messages.append(await a_notification(house.database, page, phone, position=0, **sent))
    return call


async def test_the_four_acknowledges_all_that_a_call_told_of(call: Call) -> None:
    heard = await call.presses("4")

    assert heard.words == ["Acknowledged all 3; nobody is paged for them any more."]
    assert await call.statuses() == ["acknowledged"] * 3
    assert await call.read("SELECT DISTINCT assignee_id FROM incidents") == [call.ada.id]
    via = await call.read("SELECT data ->> 'via' FROM facts WHERE kind = 'acknowledged'")
    assert via == ["phone keypad"] * 3
    assert await call.read("SELECT status FROM notifications ORDER BY id") == ["seen", "bundled", "bundled"]


async def test_the_four_answers_all_that_a_call_asked_whether_one_is_still_on_it(call: Call) -> None:
    async with call.house.deps.commands(f"user:{call.ada.id}") as uow:
        for incident in call.incidents:
            await incidents.acknowledge(uow, incident.id)
    async with call.house.database.commands() as session:
        await session.execute(text("UPDATE pages SET kind = 'still_on_it'"))
        await session.execute(text("UPDATE timers SET kind = 'ack_reminder'"))
        await session.commit()

    heard = await call.presses("4")

    assert heard.words == ["Acknowledged all 3; nobody is paged for them any more."]
    assert len(await call.read("SELECT seq FROM facts WHERE kind = 'still on it'")) == 3


async def test_what_is_another_s_or_is_paged_anew_since_the_call_is_left_alone_and_counted(call: Call) -> None:
    bo = await a_user(call.house.database, "Bo")
    _, taken, anew = call.incidents
    async with call.house.deps.commands(f"user:{bo.id}") as uow:
        await incidents.acknowledge(uow, taken.id)
        await incidents.resolve(uow, anew.id)
        await incidents.reopen(uow, anew.id)

    heard = await call.presses("4")

    assert heard.words == ["Acknowledged 1 of 3. The others were taken, or have changed, meanwhile."]
    assert await call.statuses() == ["acknowledged", "acknowledged", "open"]
    assert await call.read("SELECT assignee_id FROM incidents WHERE id = :id", id=taken.id) == [bo.id]


async def test_when_all_of_them_have_changed_the_call_says_where_to_look(call: Call) -> None:
    async with call.house.deps.commands(f"user:{call.ada.id}") as uow:
        for incident in call.incidents:
            await incidents.resolve(uow, incident.id)

    heard = await call.presses("4")

    assert heard.words == ["None was acknowledged: all have changed meanwhile. Open OpsKnight to see what is open."]


async def test_a_key_that_is_told_twice_acknowledges_once_and_says_the_same(call: Call) -> None:
    first = await call.presses("4")
    second = await call.presses("4")

    assert first.words == second.words
    assert len(await call.read("SELECT seq FROM facts WHERE kind = 'acknowledged'")) == 3


@pytest.mark.parametrize("digit", ["5", "6", "9"])
async def test_no_other_key_of_such_a_call_does_anything(call: Call, digit: str) -> None:
    heard = await call.presses(digit)

    assert heard.words == ["That key does nothing. Press 4 to acknowledge all of them."]
    assert heard.action is not None
    assert await call.statuses() == ["open"] * 3


async def test_a_machine_that_took_a_call_is_told_apart_after_the_end_of_the_call(call: Call) -> None:
    await call.tells("status", CallSid="CA1", CallStatus="completed")
    before = await call.read("SELECT status FROM notifications ORDER BY id")

    await call.tells("status", CallSid="CA1", AnsweredBy="machine_start")

    assert before[0] == "delivered"
    assert await call.read("SELECT status FROM notifications ORDER BY id") == ["failed"] * 3
