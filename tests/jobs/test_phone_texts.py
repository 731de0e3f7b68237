"""What arrives on a phone: texts, calls and WhatsApp messages, by each of their carriers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from opsknight import phone
from opsknight.aws import signature_headers
from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.sms import segments
from opsknight.jobs.channels.channel import Address, Failed, Fault, Retry, Sent
from opsknight.jobs.channels.gateway import Texts as GatewayTexts
from opsknight.jobs.channels.texts import texted
from opsknight.jobs.channels.twilio import Calls, Texts, WhatsApp, twiml
from opsknight.jobs.channels.vonage import Texts as VonageTexts
from tests.jobs.a_message import a_message
from tests.jobs.cases import sms_gateway, twilio_sms, vonage
from tests.peers import twilio
from tests.peers.http_provider import Said, http_peer

HOME = "https://ops.example.com"
TO = Address("+4915123456789")


@pytest.mark.parametrize(
    ("typed", "stored", "country"),
    [
        ("+49 151 23456789", "+4915123456789", "DE"),
        ("0049 151 23456789", "+4915123456789", "DE"),
        ("+1 (415) 555-2671", "+14155552671", "US"),
        ("+44 7400 123456", "+447400123456", "GB"),
        ("+52 1 55 1234 5678", "+525512345678", "MX"),
        ("+52 55 1234 5678", "+525512345678", "MX"),
        ("+55 31 8123 4567", "+5531981234567", "BR"),
        ("+55 31 3234 5678", "+553132345678", "BR"),
    ],
)
def test_a_number_is_stored_in_one_form_and_its_country_is_known(typed: str, stored: str, country: str) -> None:
    assert phone.number(typed) == stored
    assert phone.country(stored) == country


@pytest.mark.parametrize("typed", ["0151 23456789", "ada@example.com", "+49", "+1 555 0100", "+49 151 23456789 ext. 3"])
def test_what_is_no_number_is_refused_in_words(typed: str) -> None:
    with pytest.raises(BadAddress) as refused:
        phone.number(typed)

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("+4915123456789", "+4915123456789"),
        ("4915123456789", "+4915123456789"),
        ("whatsapp:+4915123456789", "+4915123456789"),
        ("whatsapp:+5215512345678", "+525512345678"),
        ("whatsapp:+525512345678", "+525512345678"),
        ("whatsapp:+553181234567", "+5531981234567"),
        ("whatsapp:+5531981234567", "+5531981234567"),
        ("whatsapp:+553132345678", "+553132345678"),
        ("Vodafone", ""),
    ],
)
def test_a_sender_is_known_however_its_carrier_writes_it(said: str, number: str) -> None:
    assert phone.sender(said) == number


def test_a_text_says_the_cause_and_how_to_answer() -> None:
    assert texted(a_message(), replies=True) == (
        "CRITICAL Checkout: Disk full on db-1 (#12)\nReply 12a to acknowledge."
    )


def test_where_nothing_comes_back_a_text_says_where_to_look() -> None:
    assert texted(a_message(), replies=False).endswith("\nhttps://ops.example.com/incidents/12")


@pytest.mark.parametrize(
    ("sender", "ends"),
    [
        ("+447700900001", "Reply 12a to acknowledge."),
        ("12345", "Reply 12a to acknowledge."),
        ("OpsKnight", f"{HOME}/incidents/12"),
        ("4Ops", f"{HOME}/incidents/12"),
    ],
)
def test_a_text_from_a_name_offers_no_answer_as_none_would_come_back(sender: str, ends: str) -> None:
    message, now = a_message(home=HOME), Clock().now

    by_vonage = VonageTexts(vonage.settings("", sms_from=sender), now=now).asked(message, TO.value)["text"]
    by_twilio = Texts(twilio_sms.settings("", sms_from=sender), now=now).asked(message, TO.value)["Body"]

    assert (by_vonage.splitlines()[-1], by_twilio.splitlines()[-1]) == (ends, ends)


def test_a_text_of_a_messaging_service_is_answered() -> None:
    texts = Texts(twilio_sms.settings("", sms_from="MG0123456789abcdef0123456789abcdef"), now=Clock().now)

    assert texts.asked(a_message(home=HOME), TO.value)["Body"].endswith("Reply 12a to acknowledge.")


def test_a_text_never_carries_a_token_that_acts() -> None:
    message = a_message()

    for replies in (True, False):
        assert "token" not in texted(message, replies=replies)
        assert "token" not in twiml(message, language="en-US")


def test_a_repeat_and_a_late_text_say_so_however_long_the_cause_is() -> None:
    line = f"Possible repeat: CRITICAL Checkout: {'very full ' * 50}(#12) (5 min late)"

    text = texted(a_message(subject=line, possible_repeat=True, late_by=timedelta(minutes=5)), replies=True)

    assert text.startswith("Possible repeat: CRITICAL")
    assert "(#12) (5 min late)\n" in text
    assert segments(text) <= 2


NO_SIGN = "no sign from the push notification"


def test_a_text_that_comes_before_its_time_says_why() -> None:
    assert texted(a_message(why_now=NO_SIGN), replies=True) == (
        "CRITICAL Checkout: Disk full on db-1 (#12)\nWhy now: no sign from the push notification.\n"
        "Reply 12a to acknowledge."
    )


def test_of_a_long_cause_nothing_is_cut_to_say_why_now() -> None:
    message = a_message(subject=f"CRITICAL Checkout: {'very full ' * 24}(#12)")

    assert texted(replace(message, why_now=NO_SIGN), replies=True) == texted(message, replies=True)


def test_a_call_that_comes_before_its_time_says_why() -> None:
    heard = twilio.Played(twiml(a_message(home=HOME, why_now=NO_SIGN), language="en-US"))

    assert heard.words[0] == (
        "OpsKnight. CRITICAL Checkout: Disk full on db-1. Incident 12. Why now: no sign from the push notification."
    )


def test_a_summary_names_its_incidents_and_offers_to_take_them_all() -> None:
    listed = ["#12 CRITICAL Checkout: Disk full", "#13 ERROR Search: Slow", "Open OpsKnight to take them."]
    message = a_message(
        subject="2 open for you: CRITICAL Checkout: Disk full and 1 more", title="2 open for you",
        body="\n".join(listed), incident_id=None, number=None, acknowledge_token=None, acknowledge_url=None,
    )  # fmt: skip

    assert texted(message, replies=True) == (
        "2 open for you\n#12 CRITICAL Checkout: Disk full\n#13 ERROR Search: Slow\nReply ack all to acknowledge."
    )


def test_a_call_says_the_cause_and_what_each_key_does_and_where_the_key_goes() -> None:
    message = a_message(home=HOME, subject='CRITICAL Checkout: <Redirect/> & "quotes" (#12)')

    heard = twilio.Played(twiml(message, language="en-GB"))

    assert heard.words == [
        'OpsKnight. CRITICAL Checkout: <Redirect/> & "quotes". Incident 12.',
        "Press 4 to acknowledge, 6 to resolve, 9 to escalate.",
    ]
    assert heard.action == f"{HOME}/api/v1/twilio/keys?notification={message.notification_id}"


def test_a_call_that_tests_a_number_asks_for_no_key() -> None:
    message = a_message(
        kind=PageKind.TEST, subject="Test page from OpsKnight", incident_id=None, number=None, home=HOME
    )

    assert twilio.Played(twiml(message, language="en-US")).action is None


@pytest.mark.parametrize("kind", [PageKind.PAGE, PageKind.STILL_ON_IT])
def test_a_call_about_several_has_one_key_that_acknowledges_them_all(kind: PageKind) -> None:
    message = a_message(home=HOME, incident_id=None, number=None, subject="3 open in Checkout", carries=2, kind=kind)

    heard = twilio.Played(twiml(message, language="en-US"))

    assert heard.words == ["OpsKnight. 3 open in Checkout.", "Press 4 to acknowledge all of them."]
    assert heard.action == f"{HOME}/api/v1/twilio/keys?notification={message.notification_id}"


@pytest.mark.parametrize("kind", [PageKind.HAND_OVER, PageKind.WATCH])
def test_a_call_about_several_that_wait_for_no_acknowledge_takes_no_key(kind: PageKind) -> None:
    message = a_message(home=HOME, incident_id=None, number=None, carries=2, kind=kind)

    assert twilio.Played(twiml(message, language="en-US")).action is None


async def test_twilio_is_told_where_to_call_back_only_where_it_can() -> None:
    async with http_peer() as peer:
        peer.answering, peer.check = twilio.takes, twilio.check
        texts = Texts(twilio_sms.settings(peer.origin), now=Clock().now)
        message = a_message(home=HOME)
        await texts.send(message, TO)
        await texts.send(a_message(home="http://localhost:8080"), TO)
        await texts.close()

    assert peer.asked[0].form["StatusCallback"] == f"{HOME}/api/v1/twilio/status?notification={message.notification_id}"
    assert "StatusCallback" not in peer.asked[1].form
    assert peer.asked[0].form["Body"].endswith("\nReply 12a to acknowledge.")
    assert peer.asked[1].form["Body"].endswith("\nhttps://ops.example.com/incidents/12")


@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize("code", [10004, 21611, 63018])
async def test_a_full_queue_of_twilios_is_tried_again_whatever_its_status(code: int, status: int) -> None:
    async with http_peer() as peer:
        full = replace(twilio.refusal(code, "Too much at once", status=status), headers={"Retry-After": "9"})
        peer.answering = lambda _asked: full
        texts = Texts(twilio_sms.settings(peer.origin), now=Clock().now)
        outcome = await texts.send(a_message(), TO)
        await texts.close()

    assert isinstance(outcome, Retry)
    assert (outcome.fault, outcome.after) == (Fault.THROTTLED, timedelta(seconds=9))


async def test_a_call_looks_for_machines_while_it_speaks() -> None:
    async with http_peer() as peer:
        peer.answering, peer.check = twilio.takes, twilio.check
        calls = Calls(twilio_sms.settings(peer.origin, voice_price="0.014"), now=Clock().now)
        outcome = await calls.send(a_message(home=HOME), TO)
        await calls.close()

    form = peer.asked[0].form
    assert (form["MachineDetection"], form["AsyncAmd"]) == ("Enable", "true")
    assert form["AsyncAmdStatusCallback"] == form["StatusCallback"]
    assert isinstance(outcome, Sent)
    assert (str(outcome.cost), outcome.currency) == ("0.014", "USD")


async def test_a_text_costs_what_its_segments_cost() -> None:
    async with http_peer() as peer:
        peer.answering = lambda _asked: Said(201, {"sid": "SM1", "num_segments": "2"})
        texts = Texts(twilio_sms.settings(peer.origin, sms_price="0.08"), now=Clock().now)
        outcome = await texts.send(a_message(), TO)
        await texts.close()

    assert isinstance(outcome, Sent)
    assert str(outcome.cost) == "0.16"


async def test_who_answered_stop_is_not_written_to_again() -> None:
    async with http_peer() as peer:
        peer.answering = lambda _asked: twilio.refusal(21610, "Attempt to send to unsubscribed recipient")
        texts = Texts(twilio_sms.settings(peer.origin), now=Clock().now)
        outcome = await texts.send(a_message(), TO)
        await texts.close()

    assert isinstance(outcome, Failed)
    assert (outcome.gone, outcome.fault) == (True, Fault.ADDRESS)
    assert outcome.reason.startswith("STOP")


def _had(body: str, *, at: datetime, sid: str = "SM9", **more: object) -> dict[str, object]:
    created = at.strftime("%a, %d %b %Y %H:%M:%S +0000")
    return {"sid": sid, "body": body, "direction": "outbound-api", "status": "sent", "date_created": created, **more}


@pytest.mark.parametrize(
    ("had", "found"),
    [
        ({"body": "CRITICAL Checkout: Disk full on db-1 (#12)\nReply 12a to acknowledge."}, True),
        ({"body": "CRITICAL Checkout: Disk full on db-1 (#112)\nReply 112a to acknowledge."}, False),
        ({"body": "Reply 12a to acknowledge.", "earlier": timedelta(minutes=1)}, False),
        ({"body": "Reply 12a to acknowledge.", "status": "undelivered"}, False),
        ({"body": "12a", "direction": "inbound"}, False),
    ],
)
async def test_twilio_is_asked_whether_it_has_what_was_perhaps_sent(had: dict[str, object], *, found: bool) -> None:
    since = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    values = dict(had)
    one = _had(str(values.pop("body")), at=since - values.pop("earlier", timedelta()), **values)  # type: ignore[operator]
    async with http_peer() as peer:
        peer.check = twilio.check
        peer.answering = lambda _asked: Said(200, {"messages": [one]})
        texts = Texts(twilio_sms.settings(peer.origin), now=Clock().now)
        answer = await texts.find(a_message(), TO, since=since)
        await texts.close()

    assert peer.asked[0].query["To"] == TO.value
    assert (answer == Sent("SM9", "Twilio had it already")) is found


async def test_of_two_calls_nobody_knows_which_was_the_one() -> None:
    since = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    async with http_peer() as peer:
        calls = Calls(twilio_sms.settings(peer.origin), now=Clock().now)
        peer.answering = lambda _asked: Said(200, {"calls": [_had("", at=since, sid="CA1")]})
        one = await calls.find(a_message(), TO, since=since)
        peer.answering = lambda _asked: Said(200, {"calls": [_had("", at=since), _had("", at=since)]})
        two = await calls.find(a_message(), TO, since=since)
        await calls.close()

    assert one is not None
    assert one.provider_id == "CA1"
    assert two is None


async def test_whatsapp_goes_by_the_template_where_one_is_approved() -> None:
    async with http_peer() as peer:
        peer.answering, peer.check = twilio.takes, twilio.check
        whatsapp = WhatsApp(twilio_sms.settings(peer.origin, whatsapp_content_sid="HX1"), now=Clock().now)
        await whatsapp.send(a_message(), TO)
        await whatsapp.close()

    form = peer.asked[0].form
    assert (form["To"], form["From"]) == ("whatsapp:+4915123456789", "whatsapp:+14155238886")
    assert form["ContentVariables"] == '{"1":"CRITICAL Checkout: Disk full on db-1 (#12)","2":"12"}'


async def test_no_title_breaks_out_of_a_gateways_form() -> None:
    async with http_peer() as peer:
        its = sms_gateway.settings(peer.origin, content="form", body="to={to}&text={text}", success="", url=peer.origin)
        texts = GatewayTexts(its, now=Clock().now)
        await texts.send(a_message(subject="x&to=+1900&text={to}"), TO)
        await texts.close()

    assert peer.asked[0].form["to"] == TO.value
    assert peer.asked[0].form["text"].startswith("x&to=+1900&text={to}")


@pytest.mark.parametrize(
    ("method", "headers", "body", "signature"),
    [
        ("GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "POST",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-x-www-form-urlencoded"],
)
def test_requests_are_signed_as_in_the_examples_of_aws(
    method: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    signed = signature_headers(
        method,
        "https://example.amazonaws.com/",
        headers,
        body,
        region="us-east-1",
        service="service",
        key=("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        at=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )

    assert signed["Authorization"].endswith(f"Signature={signature}")
