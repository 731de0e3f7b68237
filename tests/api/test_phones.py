"""Phones: receipts of carriers, keys pressed in calls, and what people answer to texts."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import jwt
import orjson
import pytest
from sqlalchemy import text

from opsknight.api import early
from opsknight.carriers import Carriers
from opsknight.crypto import new_id
from opsknight.domain.commands import incidents, notifications
from opsknight.domain.model.reply import HELP
from opsknight.domain.model.stopped import STOPPED
from opsknight.jobs.channels.texts import texted
from opsknight.jobs.messages import Writer
from tests.api.a_phone import NUMBER, Phone, a_phone
from tests.api.house import ADDRESS, House
from tests.builders import a_contact_method, a_user
from tests.peers.twilio import Played


@pytest.fixture
async def phone(house: House) -> Phone:
    return await a_phone(house)


# --- receipts ---------------------------------------------------------------------------------------------------


async def test_receipts_come_in_any_order_and_an_older_word_takes_nothing_back(phone: Phone) -> None:
    for said in ("queued", "sent", "delivered", "sent", "delivered", "undelivered", "queued"):
        assert (await phone.status(said)).status_code == 204

    assert await phone.of_message() == "delivered"
    await phone.status("read")
    await phone.status("delivered")
    assert await phone.of_message() == "seen"


async def test_a_text_that_never_arrived_failed_with_twilios_words(phone: Phone) -> None:
    await phone.status("undelivered", ErrorCode="30003")

    assert await phone.of_message() == "failed"
    (reason,) = await phone.read("SELECT reason FROM notifications WHERE id = :id", id=phone.message.id)
    assert reason == "Twilio said undelivered: it was not delivered (error 30003)"


async def test_plain_text_that_whatsapp_did_not_take_says_what_to_set(phone: Phone) -> None:
    await phone.status("undelivered", ErrorCode="63016")

    (reason,) = await phone.read("SELECT reason FROM notifications WHERE id = :id", id=phone.message.id)
    assert reason == (
        "Twilio said undelivered: it was not delivered (error 63016: WhatsApp takes plain text only within 24 h of a"
        " person's own message; set a template)"
    )


async def test_a_text_is_known_by_twilios_own_name_too(phone: Phone) -> None:
    async with phone.house.database.commands() as session:
        await session.execute(
            text(
                "INSERT INTO attempts (id, notification_id, number, worker, started_at, outcome, carrier, provider_id)"
                " VALUES (:id, :notification, 1, 1, :now, 'accepted', 'twilio', 'SM77')"
            ),
            {"id": new_id(), "notification": phone.message.id, "now": phone.house.clock.now()},
        )
        await session.commit()

    await phone.twilio("/api/v1/twilio/status", MessageSid="SM77", MessageStatus="delivered")

    assert await phone.of_message() == "delivered"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"AnsweredBy": "human"}, "delivered"),
        ({"AnsweredBy": "unknown"}, "delivered"),
        ({"AnsweredBy": "machine_start"}, "failed"),
        ({"AnsweredBy": "fax"}, "failed"),
        ({"CallStatus": "completed", "AnsweredBy": "machine_start"}, "failed"),
        ({"CallStatus": "completed"}, "delivered"),
        ({"CallStatus": "busy"}, "failed"),
        ({"CallStatus": "no-answer"}, "failed"),
        ({"CallStatus": "ringing"}, "accepted"),
        ({"CallStatus": "in-progress"}, "accepted"),
    ],
)
async def test_a_call_was_delivered_when_somebody_answered_and_not_when_a_machine_did(
    phone: Phone, told: dict[str, str], status: str
) -> None:
    await phone.twilio(f"/api/v1/twilio/status?notification={phone.message.id}", CallSid="CA1", **told)

    assert await phone.of_message() == status


@pytest.mark.parametrize("path", ["status", "keys", "messages"])
async def test_what_twilio_has_not_signed_is_not_read(phone: Phone, path: str) -> None:
    full = f"/api/v1/twilio/{path}?notification={phone.message.id}"
    forged = await phone.twilio(full, token="another-token", MessageStatus="read", Digits="4", From=NUMBER, Body="ack")
    elsewhere = await phone.twilio(full, url="https://evil.example.com/x", MessageStatus="read", Body="ack")
    unsigned = await phone.house.client.post(full, content=b"MessageStatus=read&Digits=4")

    assert [each.status_code for each in (forged, elsewhere, unsigned)] == [401, 401, 401]
    assert await phone.of_message() == "accepted"
    assert (await phone.of_incident())[0] == "open"


# --- keys -------------------------------------------------------------------------------------------------------


async def test_the_four_acknowledges_in_the_name_of_whose_phone_rang(phone: Phone) -> None:
    path = f"/api/v1/twilio/keys?notification={phone.message.id}"

    heard = await phone.twilio(path, CallSid="CA1", Digits="4", To=NUMBER)

    assert Played(heard.text).words == ["Acknowledged “Disk full on db-1”; nobody is paged any more."]
    assert await phone.of_incident() == ("acknowledged", phone.ada.id)
    assert await phone.of_message() == "seen"


async def test_a_key_that_is_told_twice_is_pressed_once(phone: Phone) -> None:
    path = f"/api/v1/twilio/keys?notification={phone.message.id}"
    first = await phone.twilio(path, CallSid="CA1", Digits="9", To=NUMBER)
    second = await phone.twilio(path, CallSid="CA1", Digits="9", To=NUMBER)

    assert first.text == second.text
    assert await phone.read("SELECT count(*) FROM facts WHERE kind = 'escalated'") == [1]


async def test_a_key_of_a_call_that_was_paged_anew_does_nothing_and_says_so(phone: Phone) -> None:
    for verb in (incidents.acknowledge, incidents.unacknowledge):
        async with phone.house.deps.commands(f"user:{phone.ada.id}") as uow:
            await verb(uow, phone.incident.id)

    path = f"/api/v1/twilio/keys?notification={phone.message.id}"
    heard = await phone.twilio(path, CallSid="CA1", Digits="6", To=NUMBER)

    assert Played(heard.text).words == [
        "“Disk full on db-1” was paged anew since this message was sent: it is open now."
    ]
    assert await phone.of_incident() == ("open", None)


async def test_any_other_key_says_the_menu_again(phone: Phone) -> None:
    path = f"/api/v1/twilio/keys?notification={phone.message.id}"

    heard = Played((await phone.twilio(path, CallSid="CA1", Digits="5", To=NUMBER)).text)

    assert heard.words == ["That key does nothing. Press 4 to acknowledge, 6 to resolve, 9 to escalate."]
    assert heard.action == path
    assert (await phone.of_incident())[0] == "open"


# --- answers ----------------------------------------------------------------------------------------------------


async def test_ack_acknowledges_what_was_texted_last_and_says_so_by_text(phone: Phone) -> None:
    said = await phone.says("Ack")

    assert said == f"#{phone.incident.number}: Acknowledged “Disk full on db-1”; nobody is paged any more."
    assert await phone.of_incident() == ("acknowledged", phone.ada.id)
    assert await phone.of_message() == "seen"
    via = await phone.read("SELECT data ->> 'via' FROM facts WHERE kind = 'acknowledged'")
    assert via == ["SMS reply"]


async def test_what_is_said_to_an_answer_goes_out_as_a_text_of_its_own_at_once(phone: Phone) -> None:
    await phone.says("ack")
    deps = phone.house.deps

    async with deps.engine_commands("timer:notification") as uow:
        (attempt,) = await notifications.claim_and_begin(uow, channel="sms", worker=1, limit=9, limit_low=9)

    message = Writer(ADDRESS, deps.installation.secret).message(attempt, now=deps.clock.now())
    said = f'#{phone.incident.number}: Acknowledged "Disk full on db-1"; nobody is paged any more.'
    assert texted(message, replies=True) == said


async def test_a_number_and_a_letter_are_about_that_incident(phone: Phone) -> None:
    other = await phone.told_of_another()

    said = await phone.says(f"'{phone.incident.number}c'")

    assert said.startswith(f"#{phone.incident.number}: Resolved")
    assert (await phone.of_incident())[0] == "resolved"
    assert (await phone.of_incident(other))[0] == "open"


async def test_ack_all_takes_all_that_was_told_and_is_open(phone: Phone) -> None:
    other = await phone.told_of_another()

    said = await phone.says("ack all")

    assert said.count("Acknowledged") == 2
    assert (await phone.of_incident())[0] == "acknowledged"
    assert (await phone.of_incident(other))[0] == "acknowledged"


async def test_ack_to_a_message_that_told_of_several_asks_which(phone: Phone) -> None:
    other = await phone.told_of_another(status="bundled", attempts=0, bundled_into=phone.message.id)

    said = await phone.says("ack")

    first, second = sorted((phone.incident.number, other.number))
    assert said == f"Your last message told of 2 that are open. Answer ack all, or one of {first}a, {second}a."
    assert (await phone.of_incident())[0] == "open"


async def test_a_refusal_is_said_in_words(phone: Phone) -> None:
    async with phone.house.deps.commands(f"user:{phone.ada.id}") as uow:
        await incidents.resolve(uow, phone.incident.id)

    said = await phone.says(f"{phone.incident.number}a 999999a")

    assert said == (
        f"#{phone.incident.number}: Cannot acknowledge “Disk full on db-1”: it is already resolved.\n"
        "There is no incident #999999."
    )


async def test_an_answer_that_comes_twice_acts_once(phone: Phone) -> None:
    first = await phone.says("escalate", sid="SM-twice")
    second = await phone.says("escalate", sid="SM-twice")

    assert first
    assert not second
    assert await phone.read("SELECT count(*) FROM facts WHERE kind = 'escalated'") == [1]


async def test_what_nobody_understands_is_answered_once_an_hour_and_does_nothing(phone: Phone) -> None:
    assert await phone.says("I am back") == HELP
    assert not await phone.says("acknowledged by?")
    assert (await phone.of_incident())[0] == "open"

    phone.house.clock.advance(timedelta(minutes=61))
    assert await phone.says("still here") == HELP


async def test_a_stranger_does_nothing_and_is_not_answered(phone: Phone) -> None:
    assert not await phone.says(f"{phone.incident.number}a", number="+4915199999999")
    assert (await phone.of_incident())[0] == "open"


async def test_stop_switches_the_contact_method_off_and_start_on_again(phone: Phone) -> None:
    assert not await phone.says("STOP")
    reasons = await phone.read("SELECT disabled_reason FROM contact_methods WHERE address = :a", a=NUMBER)
    assert reasons == ["STOP was answered to a message; answer START to have them again"]

    assert await phone.says("START") == "You are paged here again."
    assert await phone.read("SELECT disabled_at FROM contact_methods WHERE address = :a", a=NUMBER) == [None]


@pytest.mark.parametrize("status", ["failed", "undelivered"])
async def test_start_also_takes_back_a_stop_that_twilio_tells_by_a_receipt(phone: Phone, status: str) -> None:
    await phone.status(status, ErrorCode="21610")
    assert await phone.read("SELECT disabled_reason FROM contact_methods WHERE address = :a", a=NUMBER) == [STOPPED]

    said = await phone.says("START")

    assert said == "You are paged here again."
    assert await phone.read("SELECT disabled_at FROM contact_methods WHERE address = :a", a=NUMBER) == [None]


async def test_an_answer_on_a_phone_that_two_people_share_is_of_whom_it_was_told_to(phone: Phone) -> None:
    bo = await a_user(phone.house.database, "Bo")
    await a_contact_method(phone.house.database, bo, channel="sms", address=NUMBER)

    await phone.says("ack")

    assert await phone.of_incident() == ("acknowledged", phone.ada.id)


async def test_two_machines_do_not_talk_for_ever(phone: Phone) -> None:
    said = [await phone.says("999999a") for _ in range(25)]

    assert sum(bool(one) for one in said) == 20


# --- the other carriers -----------------------------------------------------------------------------------------


async def vonage_post(
    phone: Phone,
    path: str,
    body: dict[str, Any],
    *,
    secret: str = "the-signature-secret-of-the-account",  # noqa: S107  # of a test
    age_s: int = 0,
    sign: bytes | None = None,
) -> int:
    raw = orjson.dumps(body)
    claims = {
        "iat": int(phone.house.clock.now().timestamp()) - age_s, "iss": "Vonage", "jti": str(new_id()),
        "payload_hash": hashlib.sha256(raw if sign is None else sign).hexdigest(),
    }  # fmt: skip
    token = jwt.encode(claims, secret, algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return (await phone.house.client.post(path, content=raw, headers=headers)).status_code


async def test_vonage_tells_what_became_of_a_text(phone: Phone) -> None:
    body = {"message_uuid": "u", "client_ref": str(phone.message.id), "status": "delivered", "channel": "sms"}

    assert await vonage_post(phone, "/api/v1/vonage/status", body) == 204
    assert await phone.of_message() == "delivered"
    await vonage_post(phone, "/api/v1/vonage/status", {**body, "status": "undeliverable"})
    assert await phone.of_message() == "delivered"


async def being_sent(phone: Phone) -> None:
    """Let the text be on its way again: the answer to our own call is not written down yet."""
    await phone.write(
        "UPDATE notifications SET status = 'sending', finished_at = NULL WHERE id = :id", id=phone.message.id
    )


async def taken(phone: Phone) -> None:
    """Write down that the carrier took the text."""
    await phone.write(
        "UPDATE notifications SET status = 'accepted', finished_at = :now WHERE id = :id",
        id=phone.message.id,
        now=phone.house.clock.now(),
    )


async def test_what_vonage_rejects_before_our_own_call_is_written_down_must_be_told_again(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "PAUSES_S", ())
    await being_sent(phone)
    body = {"message_uuid": "u", "client_ref": str(phone.message.id), "status": "rejected", "channel": "sms"}

    first = await vonage_post(phone, "/api/v1/vonage/status", body)
    await taken(phone)
    again = await vonage_post(phone, "/api/v1/vonage/status", body)

    assert (first, again) == (503, 204)
    assert await phone.of_message() == "failed"


async def test_a_price_that_vonage_tells_that_early_is_told_again(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "PAUSES_S", ())
    await being_sent(phone)
    body = {
        "message_uuid": "u", "client_ref": str(phone.message.id), "status": "submitted", "channel": "sms",
        "usage": {"price": "0.08", "currency": "EUR"},
    }  # fmt: skip

    assert await vonage_post(phone, "/api/v1/vonage/status", body) == 503


@pytest.mark.parametrize(
    "wrong",
    [{"secret": "another-signature-secret-than-ours"}, {"age_s": 301}, {"age_s": -301}, {"sign": b"another body"}],
)
async def test_what_vonage_has_not_signed_just_now_is_not_read(phone: Phone, wrong: dict[str, Any]) -> None:
    body = {"message_uuid": "u", "client_ref": str(phone.message.id), "status": "read"}

    assert await vonage_post(phone, "/api/v1/vonage/status", body, **wrong) == 401
    assert await phone.of_message() == "accepted"


async def test_an_answer_by_vonage_acts(phone: Phone) -> None:
    body = {"message_uuid": "in-1", "from": NUMBER.lstrip("+"), "channel": "sms", "message_type": "text", "text": "ack"}

    assert await vonage_post(phone, "/api/v1/vonage/messages", body) == 204
    assert await phone.of_incident() == ("acknowledged", phone.ada.id)


@pytest.mark.parametrize(("secret", "status"), [("gateway-secret", 200), ("wrong", 401), ("", 401)])
async def test_a_gateway_brings_answers_in_by_its_secret(phone: Phone, secret: str, status: int) -> None:
    answer = await phone.house.client.post(
        "/api/v1/sms-gateway/messages",
        json={"id": "g1", "from": NUMBER, "text": "ack"},
        headers={"Authorization": f"Bearer {secret}"} if secret else {},
    )

    assert answer.status_code == status
    assert (await phone.of_incident())[0] == ("acknowledged" if status == 200 else "open")


async def test_without_settings_every_door_is_shut(phone: Phone) -> None:
    phone.house.deps.carriers = Carriers()

    assert (await phone.status("read")).status_code == 401
    assert await vonage_post(phone, "/api/v1/vonage/status", {"status": "read"}) == 401
