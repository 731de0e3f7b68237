"""The words of messages: what a person reads half asleep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from opsknight import crypto
from opsknight.domain.model.amendment import Amendment
from opsknight.domain.model.attempt import Attempt, IncidentNow, Other
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.link import ACKNOWLEDGE, RECEIPT, AcknowledgeClaims
from opsknight.domain.model.notification import PageKind
from opsknight.jobs.channels.texts import texted
from opsknight.jobs.messages import Writer, address_of
from opsknight.mail_back import MailBack
from tests.clock import NOON

SECRET = b"s" * 32
WRITER = Writer("https://ops.example.com", SECRET)
INCIDENT = UUID("018f0000-0000-7000-8000-000000000012")
NOTIFICATION = UUID("018f0000-0000-7000-8000-000000000099")


def an_incident_now(**changes: Any) -> IncidentNow:
    said = {
        "id": INCIDENT,
        "number": 12,
        "title": "Disk full on db-1",
        "severity": Severity.CRITICAL,
        "service": "Checkout",
        "status": Status.OPEN,
        "opened_at": NOON,
        "acknowledged_at": None,
        "runbook_url": "",
    }
    return IncidentNow(**{**said, **changes})


def an_attempt(**changes: Any) -> Attempt:
    said = {
        "id": crypto.new_id(),
        "number": 1,
        "notification_id": NOTIFICATION,
        "fence": 1,
        "page_id": crypto.new_id(),
        "kind": PageKind.PAGE,
        "generation": 3,
        "step": 0,
        "lap": 0,
        "position": 0,
        "why_paged": "on call: Platform, Primary",
        "why_now": "",
        "channel": "email",
        "contact_method_id": 1,
        "label": "ada@example.com",
        "user_id": 7,
        "user_name": "Ada",
        "urgency": Urgency.HIGH,
        "due_at": NOON,
        "late": None,
        "retries": 0,
        "perhaps": 0,
        "incident": an_incident_now(),
        "address": "ada@example.com",
        "secret": {},
    }
    return Attempt(**{**said, **changes})


def test_the_first_line_says_severity_service_and_cause() -> None:
    message = WRITER.message(an_attempt(), now=NOON)

    assert message.subject == "CRITICAL Checkout: Disk full on db-1 (#12)"


def test_the_text_says_why_this_person_and_where_to_look() -> None:
    incident = an_incident_now(runbook_url="https://runbooks.example.com/disk")

    message = WRITER.message(an_attempt(incident=incident), now=NOON + timedelta(minutes=5))

    assert message.body.splitlines() == [
        "Open for 5 min.",
        "Service Checkout, critical, high urgency.",
        "Why you: on call: Platform, Primary.",
        "Runbook: https://runbooks.example.com/disk",
    ]
    assert message.url == "https://ops.example.com/incidents/12"


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        (PageKind.ASSIGNED, "Assigned to you: CRITICAL Checkout"),
        (PageKind.STILL_ON_IT, "Still on it? CRITICAL Checkout"),
        (PageKind.SAFETY_NET, "Nobody answers: CRITICAL Checkout"),
    ],
)
def test_other_pages_say_first_what_they_are(kind: PageKind, begins: str) -> None:
    incident = an_incident_now(acknowledged_at=NOON)

    message = WRITER.message(an_attempt(kind=kind, incident=incident), now=NOON + timedelta(minutes=30))

    assert message.subject.startswith(begins)


def test_the_question_still_on_it_says_since_when_and_what_happens_without_an_answer() -> None:
    incident = an_incident_now(acknowledged_at=NOON)

    message = WRITER.message(an_attempt(kind=PageKind.STILL_ON_IT, incident=incident), now=NOON + timedelta(minutes=30))

    assert "You acknowledged it 30 min ago." in message.body
    assert "without an answer in 5 min it is paged from the first step" in message.body


def test_a_possible_repeat_and_lateness_are_said_before_anything_else() -> None:
    message = WRITER.message(an_attempt(perhaps=1, late=timedelta(minutes=12)), now=NOON)

    assert message.subject == "Possible repeat: CRITICAL Checkout: Disk full on db-1 (#12) (12 min late)"
    assert message.body.splitlines()[:2] == [
        "You may have had this message already: its delivery was never confirmed.",
        "This message is 12 min late.",
    ]


@pytest.mark.parametrize("kind", [PageKind.TEST, PageKind.CONFIRM])
def test_a_message_about_oneself_has_nothing_to_acknowledge_and_is_marked_as_no_alarm(kind: PageKind) -> None:
    message = WRITER.message(an_attempt(kind=kind, incident=None), now=NOON)

    assert message.acknowledge_url is None
    assert message.drill
    assert message.url == "https://ops.example.com/me"


def test_the_link_names_person_incident_generation_and_message_and_lives_a_day() -> None:
    message = WRITER.message(an_attempt(), now=NOON)

    claims = crypto.verify(SECRET, str(message.acknowledge_token), now=almost_a_day_later(), purpose=ACKNOWLEDGE)
    assert AcknowledgeClaims.from_json(claims) == AcknowledgeClaims(7, INCIDENT, 3, NOTIFICATION)
    assert message.acknowledge_url == f"https://ops.example.com/ack/{message.acknowledge_token}"
    with pytest.raises(crypto.BadToken):
        crypto.verify(SECRET, str(message.acknowledge_token), now=NOON + timedelta(hours=24), purpose=ACKNOWLEDGE)


def test_the_receipt_is_no_acknowledge_link() -> None:
    message = WRITER.message(an_attempt(), now=NOON)

    with pytest.raises(crypto.BadToken):
        crypto.verify(SECRET, str(message.receipt_token), now=NOON, purpose=ACKNOWLEDGE)
    assert crypto.verify(SECRET, str(message.receipt_token), now=NOON, purpose=RECEIPT)["jti"] == str(NOTIFICATION)


def almost_a_day_later() -> datetime:
    return NOON + timedelta(hours=24) - timedelta(seconds=1)


def test_neither_keys_nor_tokens_show_when_something_is_logged() -> None:
    attempt = an_attempt(secret={"auth": "planted-secret"}, address="https://push.example.com/planted-secret")
    message = WRITER.message(attempt, now=NOON)

    logged = f"{attempt!r} {address_of(attempt)!r} {message!r} {WRITER!r}"

    assert "planted-secret" not in logged
    assert str(message.acknowledge_token) not in logged
    assert str(message.receipt_token) not in logged
    assert repr(SECRET) not in logged


def a_summary(**changes: Any) -> Attempt:
    others = tuple(Other(n, f"Index {n}", Severity.ERROR, "Search", timedelta(minutes=n)) for n in range(20, 45))
    return an_attempt(others=others, late=timedelta(minutes=12), **changes)


def test_a_mail_alone_has_an_address_to_come_back_to_and_only_a_persons_is_one_to_answer_to() -> None:
    back = MailBack("opsknight", "pages.example.com", SECRET)
    writer = Writer("https://ops.example.com", SECRET, back)

    def way_back(**changes: Any) -> tuple[str, str]:
        message = writer.message(an_attempt(**changes), now=NOON)
        return message.bounces_to, message.replies_to

    mail = an_attempt(channel="email")
    own = back.address(mail.notification_id)
    assert way_back(channel="email", notification_id=mail.notification_id) == (own, own)
    assert way_back(channel="email", notification_id=mail.notification_id, user_id=None) == (own, "")
    assert way_back(channel="email", kind=PageKind.CODE, incident=None)[1] == ""
    assert way_back(channel="push") == ("", "")


def test_a_code_is_told_apart_too_and_shown_by_no_repr() -> None:
    asked = WRITER.message(an_attempt(kind=PageKind.CODE, incident=None), now=NOON)
    page = WRITER.message(an_attempt(), now=NOON)

    assert asked.subject == f"{asked.code} is your OpsKnight code"
    assert f"code={asked.code!r}" not in repr(asked)
    assert page.code == ""


def test_a_summary_lists_what_it_is_about_worst_first_and_counts_the_rest() -> None:
    message = WRITER.message(a_summary(), now=NOON)

    lines = message.body.splitlines()
    assert message.subject == "26 open for you: CRITICAL Checkout: Disk full on db-1 and 25 more (44 min late)"
    assert message.carries == 25
    assert lines[:3] == [
        "This message is 44 min late.",
        "#12 CRITICAL Checkout: Disk full on db-1 (12 min late)",
        "#20 ERROR Search: Index 20 (20 min late)",
    ]
    assert lines[-2:] == ["and 6 more", "Open OpsKnight to take them."]


def test_a_message_that_comes_before_its_time_tells_its_channel_why_and_a_summary_does_not() -> None:
    why = "no sign from the push notification"

    assert WRITER.message(an_attempt(channel="sms", why_now=why), now=NOON).why_now == why
    assert WRITER.message(a_summary(channel="sms", why_now=why), now=NOON).why_now == ""


def test_that_a_message_was_held_back_is_no_reason_why_it_comes_now() -> None:
    assert WRITER.message(an_attempt(channel="sms", why_now="held back", held=True), now=NOON).why_now == ""


def test_a_summary_leads_to_the_board_and_acknowledges_nothing_by_one_press() -> None:
    message = WRITER.message(a_summary(), now=NOON)

    assert message.url == "https://ops.example.com/incidents"
    assert (message.acknowledge_url, message.acknowledge_token, message.number) == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        (PageKind.HELP, "Can you help? CRITICAL Checkout"),
        (PageKind.HAND_OVER, "Hand over? CRITICAL Checkout"),
        (PageKind.JOINED, "More alerts: CRITICAL Checkout"),
    ],
)
def test_what_asks_or_tells_says_so_first(kind: PageKind, begins: str) -> None:
    assert WRITER.message(an_attempt(kind=kind), now=NOON).subject.startswith(begins)


def test_a_watcher_reads_what_became_of_it_and_is_offered_nothing_to_press():
    incident = an_incident_now(status=Status.RESOLVED, runbook_url="https://runbooks.example.com/disk")
    attempt = an_attempt(kind=PageKind.WATCH, why_paged="Ada resolved it.", urgency=Urgency.LOW, incident=incident)

    message = WRITER.message(attempt, now=NOON + timedelta(hours=1))

    assert message.subject == "Now resolved: CRITICAL Checkout: Disk full on db-1 (#12)"
    assert message.body == "Ada resolved it.\nYou watch it; nothing is asked of you."
    assert message.acknowledge_url is None
    assert message.url == "https://ops.example.com/incidents/12"


def test_several_that_one_is_asked_about_are_one_question_that_says_what_happens_without_an_answer() -> None:
    other = Other(13, "Queue full", Severity.ERROR, "Mail", None)
    incident = an_incident_now(status=Status.ACKNOWLEDGED)

    message = WRITER.message(an_attempt(kind=PageKind.STILL_ON_IT, incident=incident, others=(other,)), now=NOON)

    assert message.subject == "Still on it? 2 of yours: CRITICAL Checkout: Disk full on db-1 and 1 more"
    assert message.body.splitlines()[-1] == (
        "Acknowledge them again to say that you are; without an answer in 5 min they are paged anew."
    )
    assert texted(message, replies=True).endswith("\nReply yes to keep them all.")


def test_several_watched_incidents_are_one_message_with_what_became_of_each():
    other = Other(13, "Queue full", Severity.ERROR, "Mail", None, "Bo acknowledged it.")
    attempt = an_attempt(kind=PageKind.WATCH, why_paged="Ada resolved it.", others=(other,))

    message = WRITER.message(attempt, now=NOON)

    assert message.title == "2 that you watch have changed"
    assert message.body.splitlines() == [
        "#12 CRITICAL Checkout: Disk full on db-1. Ada resolved it.",
        "#13 ERROR Mail: Queue full. Bo acknowledged it.",
        "You watch them; nothing is asked of you.",
    ]


# --- messages that are read by whoever passes -------------------------------------------------------------------

DISCREET = Writer("https://ops.example.com", SECRET, discreet=True)
OTHER = Other(13, "Payroll of Grace is late", Severity.ERROR, "Search", None)


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "CRITICAL Checkout (#12)"),
        ({"kind": PageKind.ASSIGNED}, "Assigned to you: CRITICAL Checkout (#12)"),
        ({"others": (OTHER,)}, "2 open for you: CRITICAL Checkout and 1 more"),
    ],
)
def test_a_discreet_message_tells_what_is_wrong_where_and_by_number_alone(changes: dict[str, Any], subject: str):
    message = DISCREET.message(an_attempt(**changes), now=NOON)

    assert message.subject == subject
    said = f"{message.subject}\n{message.title}\n{message.body}"
    assert "Disk full" not in said
    assert "Payroll" not in said
    assert "Checkout" in said


def test_what_a_discreet_message_becomes_is_discreet_too():
    amendment = Amendment(
        notification_id=NOTIFICATION, due_at=NOON, tries=0, told="", kind=PageKind.PAGE, generation=3, user_id=7,
        user_name="Ada", urgency=Urgency.HIGH, channel="slack", carrier="slack", provider_id="D1:2",
        incident=an_incident_now(status=Status.ACKNOWLEDGED), incident_generation=3, owner="Ada", address="U024BE7LH",
        secret={},
    )  # fmt: skip

    message = DISCREET.amended(amendment, now=NOON)

    assert "Disk full" not in f"{message.subject}\n{message.title}\n{message.body}"
    assert message.subject.endswith("CRITICAL Checkout (#12)")


def test_what_is_posted_where_many_read_has_its_title():
    message = DISCREET.message(an_attempt(user_id=None), now=NOON)

    assert message.subject == "CRITICAL Checkout: Disk full on db-1 (#12)"
