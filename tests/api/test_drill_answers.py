"""Drills on phones: a text is answered, a key is pressed, and nobody takes one for an incident."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from opsknight.api import drills, twilio
from opsknight.carriers import Carriers
from opsknight.domain.commands import outcomes
from opsknight.domain.model import drill as model
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.notification import Sent
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, UserRow
from opsknight.jobs.channels import twilio as calls
from opsknight.jobs.channels.texts import texted
from opsknight.jobs.messages import Writer
from tests.api.a_drill import Drills
from tests.api.house import ADDRESS, House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.cases.twilio_sms import settings
from tests.peers.twilio import Callback, Played

NUMBER = "+4915123456789"
OUTSIDE = "https://ops.example.com"
"""An address that a carrier can call back."""


class Phone(Drills):
    """Ada's phone, which takes texts and calls of drills."""

    ada: UserRow
    method: ContactMethodRow
    answers = 0

    async def twilio(self, path: str, **params: str) -> httpx.Response:
        callback = Callback(f"{ADDRESS}{path}", params)
        return await self.house.client.post(path, content=callback.body, headers=callback.headers)

    async def says(self, words: str, *, origin: str = NUMBER) -> str:
        """Answer, and return what is said to it."""
        self.answers += 1
        await self.twilio("/api/v1/twilio/messages", MessageSid=f"SM-in-{self.answers}", From=origin, Body=words)
        told = await self.rows("SELECT reason FROM pages WHERE kind = 'reply' ORDER BY id DESC LIMIT 1")
        return str(told[0][0]) if told else ""

    async def told_of_an_incident(self) -> IncidentRow:
        incident = await a_stored_incident(self.house.database, await a_service(self.house.database))
        page = await a_page(self.house.database, incident, self.ada)
        sent = {"status": "accepted", "attempts": 1, "finished_at": self.house.clock.now()}
        await a_notification(self.house.database, page, self.method, position=0, **sent)
        return incident

    async def status_of(self, incident: IncidentRow) -> str:
        ((status,),) = await self.rows("SELECT status FROM incidents WHERE id = :id", id=incident.id)
        return str(status)

    async def drilled(self, channel: str = "sms") -> tuple[str, Attempt]:
        """Begin a drill of Ada and send its message."""
        drill_id = await self.begun(user_id=self.ada.id)
        (attempt,) = await self.sent(channel)
        async with self.house.deps.engine_commands("timer:test") as uow:
            await outcomes.finish(uow, attempt, Sent(), jitter=0)
        return drill_id, attempt


async def a_phone(house: House, channel: str) -> Phone:
    house.deps.carriers = Carriers(settings(""))
    house.routes.include_router(twilio.router(house.deps))
    house.routes.include_router(drills.router(house.deps))
    phone = Phone(house, await a_user(house.database, "Max", role="manager"))
    phone.ada = await a_user(house.database, "Ada", reachable=False)
    phone.method = await a_contact_method(house.database, phone.ada, channel=channel, address=NUMBER)
    return phone


@pytest.fixture
async def phone(house: House) -> Phone:
    return await a_phone(house, "sms")


async def test_ack_answers_a_drill_and_proves_the_number(phone: Phone):
    drill_id, _ = await phone.drilled()

    said = await phone.says("ack")

    assert said == model.THANKS
    (ada,) = (await phone.read(drill_id))["by_person"]
    assert (ada["via"], ada["messages"][0]["status"]) == ("SMS reply", "seen")
    assert (await phone.rows("SELECT last_proof_at FROM contact_methods WHERE channel = 'sms'"))[0][0] is not None


async def test_an_answer_to_a_drill_is_not_taken_for_one_to_an_incident(phone: Phone):
    incident = await phone.told_of_an_incident()
    phone.house.clock.advance(timedelta(seconds=5))
    await phone.drilled()

    said = await phone.says("ack")

    assert said.splitlines() == [
        model.THANKS,
        f"#{incident.number} is real and still open; answer {incident.number}a to acknowledge it.",
    ]
    assert await phone.status_of(incident) == "open"


async def test_an_incident_that_came_after_the_drill_is_what_ack_is_about(phone: Phone):
    drill_id, _ = await phone.drilled()
    phone.house.clock.advance(timedelta(seconds=5))
    incident = await phone.told_of_an_incident()

    await phone.says("ack")
    first = (await phone.read(drill_id))["acknowledged"]
    await phone.says("ack")

    assert await phone.status_of(incident) == "acknowledged"
    assert (first, (await phone.read(drill_id))["acknowledged"]) == (0, 1)


async def test_a_number_is_never_about_a_drill_and_ack_all_is_about_both(phone: Phone):
    incident = await phone.told_of_an_incident()
    phone.house.clock.advance(timedelta(seconds=5))
    drill_id, _ = await phone.drilled()

    await phone.says("999999a")
    before = (await phone.read(drill_id))["acknowledged"]
    said = await phone.says("ack all")

    assert (before, (await phone.read(drill_id))["acknowledged"]) == (0, 1)
    assert model.THANKS in said
    assert await phone.status_of(incident) == "acknowledged"


async def test_an_answer_after_the_end_is_told_that_it_does_not_count(phone: Phone):
    drill_id, _ = await phone.drilled()
    phone.house.clock.advance(model.LASTS)

    assert await phone.says("ack") == model.TOO_LATE
    assert (await phone.read(drill_id))["acknowledged"] == 0


async def test_a_whatsapp_message_is_answered_alike(house: House):
    phone = await a_phone(house, "whatsapp")
    drill_id, _ = await phone.drilled("whatsapp")

    said = await phone.says("ACK", origin=f"whatsapp:{NUMBER}")

    assert said == model.THANKS
    assert (await phone.read(drill_id))["by_person"][0]["via"] == "WhatsApp message reply"


async def test_a_call_of_a_drill_asks_for_a_key_and_the_key_counts(house: House):
    phone = await a_phone(house, "voice")
    drill_id, attempt = await phone.drilled("voice")
    message = Writer(OUTSIDE, b"s" * 32).message(attempt, now=house.clock.now())

    heard = Played(calls.twiml(message, language="en-US"))
    path = f"/api/v1/twilio/keys?notification={message.notification_id}"
    said = Played((await phone.twilio(path, CallSid="CA1", Digits="4", To=NUMBER)).text)

    assert heard.words == [f"OpsKnight. {model.MARK}.", "Press 4 to acknowledge."]
    assert heard.action == f"{OUTSIDE}{path}"
    assert said.words == [model.THANKS]
    assert (await phone.read(drill_id))["by_person"][0]["via"] == "phone keypad"


async def test_a_text_of_a_drill_says_how_to_answer(phone: Phone):
    _, attempt = await phone.drilled()
    message = Writer(ADDRESS, b"s" * 32).message(attempt, now=phone.house.clock.now())

    assert texted(message, replies=True) == f"{model.MARK}\nReply ack to acknowledge."
    assert texted(message, replies=False) == f"{model.MARK}\n{ADDRESS}/drills"
