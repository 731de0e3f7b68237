"""WhatsApp: each message by the template that is approved for its kind, and a form that says where one is missing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from opsknight.carriers import TwilioSettings
from opsknight.clock import Clock
from opsknight.domain.model.notification import PageKind
from opsknight.jobs.channels.channel import Address, Ground, Message
from opsknight.jobs.channels.table import kinds
from opsknight.jobs.channels.twilio import WhatsApp
from opsknight.settings import Settings
from tests.jobs.a_message import a_message
from tests.jobs.cases import twilio_sms
from tests.peers import twilio
from tests.peers.http_provider import http_peer

TO = Address("+4915123456789")
TEMPLATES = {"whatsapp_content_sid": "HX1", "whatsapp_code_sid": "HX2", "whatsapp_note_sid": "HX3"}


def about_no_incident(kind: PageKind, subject: str, body: str = "", **more: object) -> Message:
    return a_message(kind=kind, subject=subject, title=subject, body=body, incident_id=None, number=None, **more)


A_CODE = about_no_incident(PageKind.CODE, "123456 is your OpsKnight code", "Type it in.", code="123456")
A_DRILL = about_no_incident(PageKind.DRILL, "DRILL, nothing is wrong")
A_SUMMARY = about_no_incident(PageKind.PAGE, "2 open for you: CRITICAL Checkout and 1 more", "#1 CRITICAL\n#2 X")
AN_ANSWER = about_no_incident(PageKind.REPLY, "#12: Acknowledged.", "#13: Acknowledged.")


async def sent(message: Message, **templates: str) -> Mapping[str, str]:
    async with http_peer() as peer:
        peer.answering, peer.check = twilio.takes, twilio.check
        whatsapp = WhatsApp(twilio_sms.settings(peer.origin, **templates), now=Clock().now)
        await whatsapp.send(message, TO)
        await whatsapp.close()
    return peer.asked[0].form


def help_of(**templates: str) -> str:
    its = twilio_sms.settings("", **templates)
    ground = Ground(Settings(_env_file=None), "", Clock().now, {TwilioSettings: its})  # type: ignore[call-arg]
    return kinds(ground)["whatsapp"].help


async def test_a_code_goes_by_the_template_that_is_approved_for_codes():
    form = await sent(A_CODE, **TEMPLATES)

    assert (form["ContentSid"], form["ContentVariables"]) == ("HX2", '{"1":"123456"}')
    assert "Body" not in form


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (A_DRILL, "DRILL, nothing is wrong Reply ack to acknowledge."),
        (
            A_SUMMARY,
            "2 open for you: CRITICAL Checkout and 1 more #1 CRITICAL #2 X Reply ack all to acknowledge.",
        ),
    ],
)
async def test_what_is_about_no_single_incident_goes_in_one_line_by_the_template_for_notes(message: Message, line: str):
    form = await sent(message, **TEMPLATES)

    assert form["ContentSid"] == "HX3"
    assert form["ContentVariables"] == '{"1":"' + line + '"}'


async def test_an_answer_goes_as_it_is_for_its_reader_has_just_written():
    form = await sent(AN_ANSWER, **TEMPLATES)

    assert form["Body"] == "#12: Acknowledged. #13: Acknowledged."


@pytest.mark.parametrize("message", [A_CODE, A_DRILL, A_SUMMARY, AN_ANSWER])
async def test_without_a_template_plain_text_goes(message: Message):
    assert "Body" in await sent(message)


@pytest.mark.parametrize(
    ("templates", "said"),
    [
        ({}, "codes, pages and what is about no single incident"),
        ({"whatsapp_content_sid": "HX1"}, "codes and what is about no single incident"),
        ({"whatsapp_content_sid": "HX1", "whatsapp_code_sid": "HX2"}, "what is about no single incident"),
    ],
)
def test_the_form_says_that_one_has_to_write_first_where_a_template_is_missing(templates: dict[str, str], said: str):
    assert help_of(**templates) == (
        "The number that your WhatsApp account has. Write anything to +14155238886 in WhatsApp first:"
        f" it delivers {said} only within 24 h of your last message there."
    )


def test_the_form_asks_for_nothing_where_every_template_is_set():
    assert help_of(**TEMPLATES) == "The number that your WhatsApp account has."


def test_the_form_names_no_number_where_there_is_none():
    assert help_of(whatsapp_from="") == "The number that your WhatsApp account has."
