"""What is answered to texts, keys, mails, buttons and links: all of it in the language of whose answer it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from opsknight import crypto
from opsknight.api import acknowledge, twilio
from opsknight.api.answering import Heard, answer
from opsknight.api.chats.teams import _answer
from opsknight.api.mail_answering import Written, answer_mail
from opsknight.api.pressing import Press, press, press_for
from opsknight.carriers import Carriers
from opsknight.crypto import new_id
from opsknight.domain.commands import drills, incidents
from opsknight.domain.commands.notifications import claim_and_begin
from opsknight.domain.model.link import ACKNOWLEDGE, AcknowledgeClaims, DrillClaims
from opsknight.domain.store.tables import IncidentRow, NotificationRow, UserRow
from tests.api.house import ADDRESS, FROM_US, IN_BROWSER, House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.cases.twilio_sms import settings
from tests.marked import MARKED, is_marked, outside, words_left
from tests.peers.twilio import Callback, Played

pytestmark = pytest.mark.usefixtures("marked_readers")

NUMBER = "+4915123456789"
NAMES = ("Disk full on db-1", "Checkout", "Ada", "Bo")


@dataclass
class Reader:
    """Ada, who reads the marked language, and what she was told of one incident: by text, by mail and in Slack."""

    house: House
    ada: UserRow
    bo: UserRow
    incident: IncidentRow
    messages: dict[str, NotificationRow]
    answered: int = 0

    async def texts(self, words: str) -> str:
        self.answered += 1
        return await answer(self.house.deps, Heard("twilio", f"SM{self.answered}", "sms", NUMBER, words))

    async def mails(self, words: str) -> str:
        self.answered += 1
        async with self.house.database.commands() as session:
            sent = (
                "INSERT INTO attempts (id, notification_id, number, worker, started_at) VALUES (:id, :of, :nth, 1, :at)"
            )
            key = {"id": new_id(), "of": self.messages["email"].id, "nth": self.answered, "at": self.house.clock.now()}
            await session.execute(text(sent), key)
            await session.commit()
        mail = Written(self.messages["email"].id, "", str(self.answered).encode(), words)
        return await answer_mail(self.house.deps, mail)

    async def presses(self, what: Press = Press.ACKNOWLEDGE, *, identity: str = "U1") -> str:
        of = self.messages["slack"].id
        done = await press(
            self.house.deps, channel="slack", identity=identity, notification_id=of, what=what, via="Slack button"
        )
        return done.sentence

    async def types(self, key: str) -> str:
        path = f"/api/v1/twilio/keys?notification={self.messages['sms'].id}"
        self.answered += 1
        callback = Callback(f"{ADDRESS}{path}", {"CallSid": f"CA{self.answered}", "Digits": key, "To": NUMBER})
        heard = await self.house.client.post(path, content=callback.body, headers=callback.headers)
        return " ".join(Played(heard.text).words)

    def link(self, **changes: Any) -> str:
        claims = AcknowledgeClaims(self.ada.id, self.incident.id, 1, self.messages["email"].id)
        return self.signed({**claims.to_json(now=self.house.clock.now()), **changes})

    def signed(self, claims: dict[str, Any]) -> str:
        return crypto.sign(self.house.deps.installation.secret, claims, purpose=ACKNOWLEDGE)

    async def opens(self, method: str, token: str = "") -> str:
        """Return what a reader of the link's page reads."""
        path = f"/ack/{token or self.link()}"
        answered = await self.house.client.request(method, path, headers={**IN_BROWSER, **FROM_US})
        assert f'<html lang="{MARKED}">' in answered.text
        return re.sub(r"<[^>]*>", " ", answered.text.replace(" · OpsKnight</title>", ""))

    async def acts(self, verb: Any, by: UserRow, **more: Any) -> None:
        async with self.house.deps.commands(f"user:{by.id}") as uow:
            await verb(uow, self.incident.id, **more)

    async def drilled(self) -> UUID:
        """Begin a drill of Ada, and send it by text; return the message."""
        async with self.house.deps.commands(f"user:{self.ada.id}") as uow:
            await drills.begin(uow, drills.Whom(user_id=self.ada.id))
        self.house.clock.advance(timedelta(minutes=5))
        async with self.house.deps.engine_commands("timer:test") as uow:
            (sent,) = await claim_and_begin(uow, channel="sms", worker=1, limit=9, limit_low=9)
        return sent.notification_id

    async def ledger(self) -> str:
        async with self.house.deps.reading() as session:
            return " ".join((await session.execute(text("SELECT data::text FROM facts"))).scalars())


@pytest.fixture
async def reader(house: House) -> Reader:
    house.deps.carriers = Carriers(settings(""))
    for each in (acknowledge, twilio):
        house.routes.include_router(each.router(house.deps))
    database = house.database
    ada = await a_user(database, "Ada", language=MARKED, reachable=False)
    incident = await a_stored_incident(database, await a_service(database, "Checkout"), timer="escalation")
    page = await a_page(database, incident, ada)
    messages: dict[str, NotificationRow] = {}
    for position, (channel, address) in enumerate((("sms", NUMBER), ("email", ada.email), ("slack", "U1"))):
        method = await a_contact_method(database, ada, channel=channel, address=address)
        sent = {"status": "accepted", "attempts": 1, "finished_at": house.clock.now(), "position": position}
        messages[channel] = await a_notification(database, page, method, **sent)
    return Reader(house, ada, await a_user(database, "Bo"), incident, messages)


@pytest.mark.parametrize(
    "words",
    ["ack", "ack all", "ack ack", "resolve", "escalate", "what is it?", "999999a", "1a 1a", "1r 1a", "1r 1e", "1r 1r"],
)
async def test_an_answer_to_a_text_is_answered_in_the_language_of_whose_phone_it_is(reader: Reader, words: str):
    said = await reader.texts(words)

    assert is_marked(said, *NAMES), outside(said)
    assert "⟦" not in await reader.ledger()


async def test_what_is_said_to_a_second_answer_is_in_that_language_too(reader: Reader):
    said = [await reader.texts(words) for words in ("ack", "1a", "ack all", "resolve", "ack", "STOP", "START")]

    assert said[5] == ""  # the carrier answers a STOP itself
    assert [one for one in said if one and not is_marked(one, *NAMES)] == []


async def test_what_another_has_acknowledged_is_told_in_that_language(reader: Reader):
    await reader.acts(incidents.acknowledge, reader.bo)

    assert await reader.texts("1a") == (
        "#1: Bo⟦ has acknowledged “⟧Disk full on db-1⟦” already; open OpsKnight to take it over.⟧"
    )
    assert is_marked(await reader.presses(), *NAMES)


@pytest.mark.parametrize("how", ["text", "mail", "button", "key"])
async def test_what_a_role_may_not_do_is_refused_in_the_language_of_whose_it_is(reader: Reader, how: str):
    async with reader.house.database.commands() as session:
        await session.execute(update(UserRow).where(UserRow.id == reader.ada.id).values(role="observer"))
        await session.commit()

    match how:
        case "text":
            said = await reader.texts("resolve")
        case "mail":
            said = await reader.mails("resolve")
        case "button":
            said = await reader.presses(Press.RESOLVE)
        case _:
            said = await reader.types("6")

    assert "⟦An observer cannot ⟧⟦respond to incidents⟧⟦; ask ⟧⟦a responder⟧⟦.⟧" in said
    assert is_marked(said, *NAMES), outside(said)


async def test_a_text_that_answers_a_drill_is_answered_in_that_language(reader: Reader):
    await reader.drilled()

    first, second, all_of_them = [await reader.texts(words) for words in ("ack", "ack", "ack all")]

    assert [is_marked(one, *NAMES) for one in (first, second, all_of_them)] == [True, True, True]


@pytest.mark.parametrize("words", ["ack", "ack all", "resolve", "what is it?", "999999a"])
async def test_an_answer_to_a_mail_is_answered_in_the_language_of_whom_it_was_sent_to(reader: Reader, words: str):
    assert is_marked(await reader.mails(words), *NAMES)


@pytest.mark.parametrize("key", ["4", "6", "9", "5"])
async def test_a_key_is_answered_in_the_language_of_whose_phone_rang(reader: Reader, key: str):
    assert is_marked(await reader.types(key), *NAMES)


@pytest.mark.parametrize("what", Press)
async def test_a_button_in_a_chat_is_answered_in_the_language_of_whose_account_it_is(reader: Reader, what: Press):
    first, second = await reader.presses(what), await reader.presses(what)

    assert [is_marked(one, *NAMES) for one in (first, second)] == [True, True]
    assert "⟦" not in await reader.ledger()


@pytest.mark.parametrize("verbs", ["acknowledge unacknowledge", "unpaged", "resolve", "reassign"])
async def test_a_stale_button_says_in_that_language_how_things_stand(reader: Reader, verbs: str):
    match verbs:
        case "resolve":
            await reader.acts(incidents.resolve, reader.bo)
        case "reassign":
            await reader.acts(incidents.reassign, reader.bo, to=reader.bo.id)
            await reader.acts(incidents.unacknowledge, reader.bo)
            await reader.acts(incidents.acknowledge, reader.ada)
        case "acknowledge unacknowledge":
            await reader.acts(incidents.acknowledge, reader.bo)
            await reader.acts(incidents.unacknowledge, reader.bo)
        case _:
            await reader.acts(incidents.reassign, reader.ada, to=reader.bo.id)

    assert is_marked(await reader.presses(), *NAMES)


async def test_a_button_of_what_nobody_knows_any_more_is_answered_in_that_language(reader: Reader):
    gone = await press_for(
        reader.house.deps, reader.ada.id, notification_id=new_id(), what=Press.ACKNOWLEDGE, via="Slack button"
    )

    assert is_marked(gone.sentence)


async def test_an_account_that_is_nobodys_is_answered_in_english(reader: Reader):
    said = await reader.presses(identity="U9")

    assert said.startswith(
        "OpsKnight does not know whose Slack account this is. Add it to your contact methods at http"
    )


async def test_the_card_after_a_press_in_teams_speaks_the_pressers_language(reader: Reader):
    done = await press_for(
        reader.house.deps,
        reader.ada.id,
        notification_id=reader.messages["slack"].id,
        what=Press.ACKNOWLEDGE,
        via="Teams button",
    )

    shown = str(_answer(done, reader.house.deps))

    assert re.findall(r"'title': '(⟦?)\w+", shown) == ["⟦"] * shown.count("'title'")


@pytest.mark.parametrize("verb", ["", "acknowledge", "snooze", "suppress", "resolve", "another", "again", "anew"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_page_of_a_link_speaks_the_language_of_whom_it_was_sent_to(reader: Reader, method: str, verb: str):
    hour = reader.house.clock.now().replace(hour=20)
    match verb:
        case "acknowledge" | "again":
            await reader.acts(incidents.acknowledge, reader.ada)
        case "snooze" | "suppress":
            await reader.acts(getattr(incidents, verb), reader.bo, until=hour)
        case "resolve":
            await reader.acts(incidents.resolve, reader.bo)
        case "another":
            await reader.acts(incidents.acknowledge, reader.bo)
        case "anew":
            await reader.acts(incidents.acknowledge, reader.bo)
            await reader.acts(incidents.unacknowledge, reader.bo)

    shown = await reader.opens(method)

    assert is_marked(shown, *NAMES), outside(shown)


async def test_the_page_of_a_drills_link_speaks_that_language_too(reader: Reader):
    message = await reader.drilled()
    token = reader.signed(DrillClaims(reader.ada.id, message).to_json(now=reader.house.clock.now()))

    shown = [await reader.opens(method, token) for method in ("GET", "POST", "POST")]

    assert [words_left(one) for one in shown] == [[], [], []]


@pytest.mark.parametrize("status", ["open", "resolved"])
async def test_the_button_of_a_push_is_answered_in_that_language(reader: Reader, status: str):
    if status == "resolved":
        await reader.acts(incidents.resolve, reader.bo)

    answered = (await reader.house.client.post("/api/v1/acknowledge-link", json={"token": reader.link()})).json()

    assert is_marked(answered.get("sentence") or answered["detail"], *NAMES)
