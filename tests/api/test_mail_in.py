"""Mail in: what a real client hands to the real listener becomes incidents, or is kept with a reason."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from email.message import EmailMessage
from pathlib import Path

import pytest

from opsknight.api.ingest import IngestRoutes
from opsknight.api.intake import QUEUE, Intake
from opsknight.api.mail_in import listen
from opsknight.api.mail_in.reception import MAX_MAIL
from opsknight.api.mail_in.server import AT_ONCE
from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import Delivery
from opsknight.domain.store.engine import Database
from opsknight.errors import CannotStart
from opsknight.jobs.channels.mails import composed
from opsknight.settings import Settings
from tests.api.a_door import a_door
from tests.api.a_mailroom import FROM, Mailroom, a_mail, a_mailroom, hand_over
from tests.builders import an_event
from tests.clock import StoppedClock
from tests.jobs.a_message import a_message
from tests.peers.certificates import certificate

PROBLEM = "** PROBLEM Service Alert: web-1/HTTP is CRITICAL **"
RECOVERY = "** RECOVERY Service Alert: web-1/HTTP is OK **"


@pytest.fixture
async def room(database: Database, clock: StoppedClock) -> AsyncIterator[Mailroom]:
    async with a_mailroom(database, clock) as listening:
        yield listening


async def test_a_mail_of_nagios_opens_an_incident_and_its_recovery_resolves_it(room: Mailroom):
    integration = await room.integration()

    reply = await room.send(a_mail(PROBLEM, "CRITICAL - Socket timeout"), f"{integration.key}@opsknight.example.org")

    ((delivery_id,),) = await room.rows("SELECT id FROM deliveries")
    assert reply == f"250 2.0.0 Stored as {delivery_id}"
    assert await room.rows("SELECT title, severity, status FROM incidents") == [
        ("PROBLEM Service Alert: web-1/HTTP is CRITICAL", "critical", "open")
    ]
    await room.send(a_mail(RECOVERY, "HTTP OK"), f"{integration.key}@opsknight.example.org")
    assert await room.rows("SELECT status FROM incidents") == [("resolved",)]


async def test_the_same_mail_sent_again_counts_once(room: Mailroom):
    integration = await room.integration()
    mail = a_mail(Message_ID="<1@mon.example.org>")

    replies = [await room.send(mail, f"{integration.key}@x") for _ in range(3)]

    assert len(set(replies)) == 1
    assert await room.rows("SELECT count FROM alerts") == [(1,)]
    assert await room.rows("SELECT count(*) FROM deliveries") == [(1,)]


async def test_two_mails_that_say_the_same_are_counted_and_page_once(room: Mailroom):
    integration = await room.integration()

    for number in range(2):
        await room.send(a_mail(Message_ID=f"<{number}@mon.example.org>"), f"{integration.key}@x")

    assert await room.rows("SELECT count FROM alerts") == [(2,)]
    assert await room.rows("SELECT count(*) FROM incidents") == [(1,)]


async def test_an_address_that_is_nobodys_is_refused_as_is_the_key_of_another_kind(room: Mailroom):
    other = await room.integration(provider="generic")

    replies = [await room.send(a_mail(), address) for address in ("nobody@x", f"{other.key}@x", "+@x", "x+y@x")]

    assert {reply[:9] for reply in replies} == {"550 5.1.1"}


@pytest.mark.parametrize("local", ["{key}+nagios", "alerts+{key}", "a+b+{key}"])
async def test_more_may_stand_beside_the_key_after_a_plus(room: Mailroom, local: str):
    integration = await room.integration()

    reply = await room.send(a_mail(), local.format(key=integration.key.upper()) + "@x")

    assert reply.startswith("250")


async def test_a_mail_for_two_integrations_is_stored_for_each_and_for_one_by_two_addresses_once(room: Mailroom):
    first, second = await room.integration(), await room.integration()

    await room.send(a_mail(), f"{first.key}@x", f"{second.key}@x", f"{first.key}+again@x")

    stored = await room.rows("SELECT integration_id FROM deliveries ORDER BY 1")
    assert stored == [(first.id,), (second.id,)]


BOUNCE = b"""From: MAILER-DAEMON@mx.example.org\r
To: opsknight@example.org\r
Subject: Undelivered Mail Returned to Sender\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
I'm sorry to have to inform you that your message could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
\r
Final-Recipient: rfc822; ada@example.org\r
Action: failed\r
Status: 5.1.1\r
--b--\r
"""
UNWANTED = [
    (BOUNCE, FROM, "report of a mail server"),
    (a_mail("failure notice"), "", "no sender to answer to"),
    (a_mail("Automatic reply: Disk full", Auto_Submitted="auto-generated"), FROM, "automatic answer"),
    (a_mail("I am away", Auto_Submitted="auto-replied (vacation)"), FROM, "automatic answer"),
    (a_mail("Out of office", Precedence="bulk"), FROM, "automatic answer"),
    (a_mail(X_Autoreply="yes"), FROM, "automatic answer"),
    (a_mail(X_OpsKnight="opsknight.example.org"), FROM, "OpsKnight sent it itself"),
    (b"Received: from a by b\r\n" * 26 + a_mail(), FROM, "goes round in circles: 26"),
    (
        b"From: OpsKnight <opsknight@localhost>\r\nAuto-Submitted: auto-generated\r\nSubject: x\r\n\r\nx",
        FROM,
        "our own address",
    ),
]


@pytest.mark.parametrize(("mail", "sender", "reason"), UNWANTED, ids=[why for _, _, why in UNWANTED])
async def test_what_no_monitor_meant_is_kept_with_its_reason_and_told_to_nobody(
    room: Mailroom, mail: bytes, sender: str, reason: str
):
    integration = await room.integration()

    reply = await room.send(mail, f"{integration.key}@x", sender=sender)

    assert reply.startswith("250 2.0.0 Kept, and nothing was opened")
    ((status, why, size),) = await room.rows("SELECT status, reason, octet_length(body) FROM deliveries")
    assert (status, reason in why, size > 0) == ("rejected", True, True)
    assert await room.rows("SELECT count(*) FROM incidents") == [(0,)]


async def test_a_page_of_our_own_that_reaches_an_integration_opens_nothing(room: Mailroom):
    integration = await room.integration()
    address = f"{integration.key}@opsknight.example.org"
    page = composed(a_message(), to=address, sender="OpsKnight <pager@ops.example.com>", home="ops.example.com")

    await room.send(page, address, sender="pager@ops.example.com")

    assert await room.rows("SELECT status FROM deliveries") == [("rejected",)]
    assert await room.rows("SELECT count(*) FROM incidents") == [(0,)]


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-generated"}, {"Precedence": "bulk"}, {"X_Auto_Response_Suppress": "All"}],
    ids=str,
)
async def test_a_monitor_that_says_it_is_a_machine_is_heard(room: Mailroom, headers: dict[str, str]):
    integration = await room.integration()

    await room.send(a_mail(**headers), f"{integration.key}@x")

    assert await room.rows("SELECT count(*) FROM incidents") == [(1,)]


async def test_a_mail_without_subject_and_text_is_refused_kept_and_told(room: Mailroom):
    integration = await room.integration(name="Old cron")

    reply = await room.send(b"From: a@b.c\r\n\r\n", f"{integration.key}@x")

    assert reply == ("554 5.6.0 The mail has neither a subject nor a text, so nothing in it says what is wrong.")
    assert await room.rows("SELECT title FROM incidents") == [("Integration Old cron sends what we cannot read",)]


async def test_what_is_attached_is_dropped_and_the_text_is_read(room: Mailroom):
    integration = await room.integration()
    mail = EmailMessage()
    mail["From"], mail["Subject"] = FROM, "Report of the night"
    mail.set_content("3 backups failed")
    mail.add_attachment(b"\x00\xff" * 1_000_000, maintype="application", subtype="pdf", filename="night.pdf")

    reply = await room.send(mail.as_bytes(), f"{integration.key}@x")

    assert reply.startswith("250")
    ((body,),) = await room.rows("SELECT body FROM deliveries")
    assert len(body) < 2000
    assert b"night.pdf" in body
    ((details,),) = await room.rows("SELECT details FROM alerts")
    assert (details["text"], details["attachments"]) == ("3 backups failed", ["night.pdf"])


async def test_a_mail_that_is_too_large_is_refused_its_beginning_kept_and_its_people_told(room: Mailroom):
    integration = await room.integration()

    reply = await room.send(b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 10_600, f"{integration.key}@x")

    assert reply == "552 5.3.4 The mail is larger than the 10 MB that are taken"
    ((status, reason, size),) = await room.rows("SELECT status, reason, octet_length(body) FROM deliveries")
    assert (status, reason.startswith("The body is larger than"), size) == ("rejected", True, 65_536)
    assert await room.rows("SELECT count(*) FROM incidents") == [(1,)]


async def test_a_size_that_is_said_to_be_too_large_is_refused_before_the_mail_is_sent(room: Mailroom):
    integration = await room.integration()

    def declare() -> tuple[int, str]:
        with smtplib.SMTP("127.0.0.1", room.port, timeout=30) as talk:
            talk.ehlo()
            assert talk.esmtp_features["size"] == str(MAX_MAIL)
            talk.mail(FROM, [f"SIZE={MAX_MAIL + 1}"])
            return talk.rcpt(f"{integration.key}@x")[0], talk.docmd("RSET")[1].decode()

    code, _ = await asyncio.to_thread(declare)

    assert code == 552
    assert await room.rows("SELECT status FROM deliveries") == [("rejected",)]


async def test_a_text_of_megabytes_is_cut_where_no_more_is_kept(room: Mailroom):
    integration = await room.integration()

    reply = await room.send(a_mail(body="word " * 500_000), f"{integration.key}@x")

    assert reply.startswith("250")
    ((size,),) = await room.rows("SELECT octet_length(body) FROM deliveries")
    assert 1_000_000 < size <= 1_048_576


async def test_a_line_of_html_longer_than_the_rfc_allows_is_read_and_a_leading_dot_is_no_end(room: Mailroom):
    integration = await room.integration()
    text = f"<p>{'x' * 150_000}</p>\r\n.\r\n..dots<p>end"

    await room.send(b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + text.encode(), f"{integration.key}@x")

    ((body,),) = await room.rows("SELECT body FROM deliveries")
    assert body == f"Return-Path: <{FROM}>\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n{text}\r\n".encode()


async def test_a_domain_of_another_is_not_served(database: Database, clock: StoppedClock):
    async with a_mailroom(database, clock, mail_in_domain="alerts.example.org") as room:
        integration = await room.integration()

        elsewhere = await room.send(a_mail(), f"{integration.key}@example.com")
        here = await room.send(a_mail(), f"{integration.key}@ALERTS.example.org")

    assert (elsewhere[:9], here[:3]) == ("550 5.7.1", "250")


async def test_a_connection_is_encrypted_where_there_is_a_certificate(
    database: Database, clock: StoppedClock, tmp_path: Path
):
    paper = certificate(tmp_path)
    async with a_mailroom(database, clock, tls_cert=paper.chain, tls_key=paper.key) as room:
        integration = await room.integration()

        def hand_over_encrypted() -> None:
            with smtplib.SMTP("127.0.0.1", room.port, timeout=30) as talk:
                talk.starttls(context=ssl.create_default_context(cafile=paper.chain))
                talk.sendmail(FROM, [f"{integration.key}@x"], a_mail())

        await asyncio.to_thread(hand_over_encrypted)

        assert await room.rows("SELECT count(*) FROM incidents") == [(1,)]


@pytest.mark.parametrize("mail", [a_mail(), BOUNCE, b"From: a@b.c\r\n\r\n"], ids=["sound", "bounce", "empty"])
async def test_a_database_that_is_away_makes_the_sender_come_again_whatever_was_sent(room: Mailroom, mail: bytes):
    integration = await room.integration()
    for lane in room.door.deps.lanes:
        await lane.close()
    room.door.database.lane = _away  # type: ignore[method-assign]

    reply = await room.send(mail, f"{integration.key}@x")

    assert reply.startswith("451 4.3.0 Not stored")


class LongDay(StoppedClock):
    """A clock whose monotonic time the test moves on, too."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


async def test_one_conversation_too_many_is_told_so_until_another_says_nothing_for_long(database: Database):
    clock = LongDay()
    async with a_mailroom(database, clock) as room, AsyncExitStack() as stack:
        integration = await room.integration()

        async def greeted() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
            stack.callback(writer.close)
            return await reader.readline()

        greetings = {(await greeted())[:3] for _ in range(AT_ONCE)}
        refused = await greeted()
        clock.ahead_s = 21.0
        taken = await room.send(a_mail(), f"{integration.key}@x")

    assert (greetings, refused[:9], taken[:3]) == ({b"220"}, b"421 4.3.2", "250")


async def test_a_raw_mail_by_http_is_read_like_one_that_was_mailed(room: Mailroom):
    integration = await room.integration()

    posted = await room.door.send(integration, a_mail(PROBLEM), {"content-type": "message/rfc822"})
    await room.send(a_mail(RECOVERY), f"{integration.key}@x")

    assert posted.status_code == 202
    assert await room.rows("SELECT status, dedup_key FROM alerts") == [
        ("resolved", f"email:{FROM}: service alert web-1/http is")
    ]


async def test_the_conditions_of_an_integration_decide(room: Mailroom):
    condition = {"field": "subject", "how": "word", "value": "closed", "then": "resolve"}
    key = {"of": "between", "field": "subject", "after": "Ticket ", "before": " was"}
    integration = await room.integration(mapping={"conditions": [condition], "key": key})

    for what in ("opened by Noor", "closed by Ada"):
        await room.send(a_mail(f"Ticket OPS-17 was {what}"), f"{integration.key}@x")

    assert await room.rows("SELECT status, dedup_key FROM alerts") == [("resolved", "email:ops-17")]


async def test_an_integration_that_sends_more_than_its_share_is_asked_to_come_again(
    database: Database, clock: StoppedClock
):
    async with a_door(database, clock) as door:
        key = (await door.integration("email", "")).key
        known = await door.deps.catalogue.find(key)
        assert known is not None
        full = Intake([], clock=clock, committed=print)
        for _ in range(QUEUE // 2):
            full.enqueue(Delivery(new_id(), known, (an_event(),), b""))
        routes = IngestRoutes(door.routes, intake=full, clock=clock, catalogue=door.deps.catalogue)
        said = Settings(_env_file=None, mail_in="127.0.0.1:0")

        async with listen(said, routes, clock=clock) as port:
            reply = await asyncio.to_thread(hand_over, port, a_mail(), [f"{key}@x"])

    assert reply == "452 4.3.1 Not stored: this integration sends more than its share; send it again"


async def _away() -> object:
    raise ConnectionRefusedError


async def test_a_port_that_is_taken_is_told_before_anything_is_lost(room: Mailroom):
    taken = Settings(_env_file=None, mail_in=f"127.0.0.1:{room.port}")

    with pytest.raises(CannotStart, match=r"in use.*choose another place with OPSKNIGHT_MAIL_IN"):
        await listen(taken, room.door.routes, clock=StoppedClock()).__aenter__()


async def test_a_client_that_hangs_up_in_the_middle_of_a_mail_leaves_nothing(room: Mailroom):
    integration = await room.integration()
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
    writer.write(f"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<{integration.key}@x>\r\nDATA\r\nSubject: half".encode())
    await reader.readuntil(b"354")
    writer.close()

    assert (await room.send(a_mail(), f"{integration.key}@x")).startswith("250")
    assert await room.rows("SELECT count(*) FROM deliveries") == [(1,)]
