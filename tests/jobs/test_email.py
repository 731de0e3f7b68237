from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.jobs.channels import email
from opsknight.jobs.channels.channel import Address, Failed, Fault, Retry, Sent
from opsknight.jobs.channels.email import BadMailServer, EmailChannel, mail_server
from opsknight.jobs.channels.mails import composed
from opsknight.settings import Settings
from tests.jobs.a_message import a_message
from tests.peers.certificates import certificate
from tests.peers.smtp import Mood, smtp_peer

ADA = Address("ada@example.com")


def a_channel(url: str | None) -> EmailChannel:
    server = mail_server(url) if url else None
    return EmailChannel(server, sender="OpsKnight <pager@ops.example.com>", home="ops.example.com", budget_s=3)


async def test_a_mail_says_the_same_in_text_and_in_quiet_html_with_the_acknowledge_link() -> None:
    async with smtp_peer() as peer:
        await a_channel(peer.url).send(a_message(title="Disk <full> on db-1"), ADA)

    mail = peer.mails[0].message
    html = mail.get_body(("html",)).get_content()
    assert "https://ops.example.com/ack/token.signed" in peer.mails[0].text
    assert "https://ops.example.com/incidents/12" in peer.mails[0].text
    assert "https://ops.example.com/ack/token.signed" in html
    assert "Disk &lt;full&gt; on db-1" in html
    assert "<script" not in html


async def test_a_mail_is_marked_so_that_no_robot_answers_and_mails_of_one_incident_stand_together() -> None:
    async with smtp_peer() as peer:
        await a_channel(peer.url).send(a_message(), ADA)

    mail = peer.mails[0].message
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-OpsKnight"] == "ops.example.com"
    assert mail["References"] == "<incident-018f0000-0000-7000-8000-000000000012@ops.example.com>"
    assert mail["To"] == "Ada Lovelace <ada@example.com>"
    assert mail["From"] == "OpsKnight <pager@ops.example.com>"
    assert peer.mails[0].sender == "pager@ops.example.com"


async def test_a_repeat_carries_the_same_message_id() -> None:
    message = a_message()
    async with smtp_peer() as peer:
        channel = a_channel(peer.url)
        await channel.send(message, ADA)
        await channel.send(message, ADA)

    first, second = (mail.message["Message-ID"] for mail in peer.mails)
    assert first == second == f"<{message.notification_id}@ops.example.com>"


@pytest.mark.parametrize(
    "subject", ["Disk full\r\nBcc: eve@example.com", "Disk full\nBcc: eve@example.com", "a\x00b\x0bc"]
)
async def test_a_title_with_line_breaks_stays_one_header(subject: str) -> None:
    async with smtp_peer() as peer:
        outcome = await a_channel(peer.url).send(a_message(subject=subject, to_name="Ada\r\nBcc: x@y.z"), ADA)

    assert isinstance(outcome, Sent)
    assert peer.mails[0].to == ["ada@example.com"]
    assert peer.mails[0].message["Bcc"] is None
    assert "\n" not in peer.mails[0].message["Subject"]


@pytest.mark.parametrize(
    "address", ["ada@example.com\r\nRCPT TO:<eve@example.com>", "ada", "", "a b@example.com", "ö@example.com"]
)
async def test_an_address_that_is_none_fails_and_nothing_is_sent(address: str) -> None:
    async with smtp_peer() as peer:
        outcome = await a_channel(peer.url).send(a_message(), Address(address))

    assert isinstance(outcome, Failed)
    assert outcome.gone
    assert peer.mails == []


async def test_a_sender_from_whom_no_mail_can_be_written_switches_nobody_off() -> None:
    async with smtp_peer() as peer:
        channel = EmailChannel(mail_server(peer.url), sender="OpsKnight <pager@müller.example>", home="ops.example.com")
        outcome = await channel.send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (Fault.SETTINGS, False)


async def test_mails_go_out_from_a_domain_in_another_script() -> None:
    its = Settings(_env_file=None, mail_from="Müller <pager@müller.example>")  # type: ignore[call-arg]
    async with smtp_peer() as peer:
        outcome = await EmailChannel(mail_server(peer.url), sender=its.mail_from, home="h").send(a_message(), ADA)

    assert isinstance(outcome, Sent)
    assert peer.mails[0].sender == "pager@xn--mller-kva.example"
    assert peer.mails[0].message["From"] == "Müller <pager@xn--mller-kva.example>"


async def test_a_domain_in_another_script_is_written_as_servers_do() -> None:
    async with smtp_peer() as peer:
        await a_channel(peer.url).send(a_message(), Address("ada@bücher.example"))

    assert peer.mails[0].to == ["ada@xn--bcher-kva.example"]


async def test_starttls_is_used_when_the_server_offers_it(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    async with smtp_peer(starttls=made.server_context()) as peer:
        await a_channel(f"{peer.url}/?ca={made.chain}").send(a_message(), ADA)

    assert peer.mails[0].over_tls


async def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    async with smtp_peer(starttls=certificate(tmp_path).server_context()) as peer:
        outcome = await a_channel(peer.url).send(a_message(), ADA)

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.CERTIFICATE
    assert peer.mails == []


async def test_a_relay_on_the_same_machine_may_stay_in_plain_text(tmp_path: Path) -> None:
    async with smtp_peer(starttls=certificate(tmp_path).server_context()) as peer:
        outcome = await a_channel(f"{peer.url}/?tls=never").send(a_message(), ADA)

    assert isinstance(outcome, Sent)
    assert not peer.mails[0].over_tls


async def test_a_server_that_must_offer_starttls_and_does_not_gets_nothing() -> None:
    async with smtp_peer() as peer:
        outcome = await a_channel(peer.url.replace("smtp:", "smtp+starttls:")).send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert peer.mails == []


async def test_user_and_password_of_the_address_sign_in() -> None:
    async with smtp_peer() as peer:
        peer.password = ("pager", "p@ss/word")
        outcome = await a_channel(f"smtp://pager:p%40ss%2Fword@127.0.0.1:{peer.port}").send(a_message(), ADA)

    assert isinstance(outcome, Sent)
    assert peer.mails[0].user == "pager"


async def test_a_wrong_password_is_a_fault_of_the_settings_and_is_not_repeated_in_the_reason() -> None:
    async with smtp_peer() as peer:
        peer.password = ("pager", "right")
        outcome = await a_channel(f"smtp://pager:planted-secret@127.0.0.1:{peer.port}").send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert "planted-secret" not in outcome.reason


async def test_a_busy_server_is_told_apart_from_a_refused_mailbox() -> None:
    async with smtp_peer() as peer:
        peer.moods = [Mood.BUSY, Mood.REFUSE_FOR_GOOD]
        channel = a_channel(peer.url)
        busy, refused = await channel.send(a_message(), ADA), await channel.send(a_message(), ADA)

    assert isinstance(busy, Retry)
    assert busy.fault is Fault.THROTTLED
    assert refused == Failed("The mail server said 550: 5.1.1 no such mailbox", Fault.ADDRESS)


async def test_without_a_mail_server_every_mail_fails_and_says_so() -> None:
    outcome = await a_channel(None).send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert "OPSKNIGHT_SMTP_URL" in outcome.reason


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:99999"])
def test_a_mail_server_address_that_cannot_be_used_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(BadMailServer):
        mail_server(url)


async def test_words_of_any_script_and_any_length_arrive_as_they_were_written() -> None:
    subject = "Überlast auf db-1: 日本語 " + "und noch mehr davon " * 12
    body = "Zeile mit Ümlaut\n" + "x" * 3000
    async with smtp_peer() as peer:
        await a_channel(peer.url).send(a_message(subject=subject, to_name="Änne Müller", body=body), ADA)

    mail = peer.mails[0]
    assert mail.message["Subject"] == subject.strip()
    assert mail.message["To"] == "Änne Müller <ada@example.com>"
    assert "x" * 3000 in mail.text
    assert "Zeile mit Ümlaut" in mail.text
    assert max(map(len, mail.raw.splitlines())) <= 998


@given(words=st.lists(st.text('abc-<>=?"@.:', min_size=1, max_size=90), min_size=1, max_size=30))
def test_a_long_subject_is_folded_between_words_and_reads_as_it_was_written(words: list[str]) -> None:
    subject = " ".join(words)[:400].strip()

    mail = composed(a_message(subject=subject), to=ADA.value, sender="pager@ops.example.com", home="ops.example.com")

    lines = mail.partition(b"\r\nSubject: ")[2].partition(b"\r\nDate: ")[0].split(b"\r\n")
    assert message_from_bytes(mail, policy=default)["Subject"] == subject
    assert all(len(one) <= 78 or b" " not in one.strip() for one in lines)


async def test_the_next_mail_goes_over_the_same_connection_and_over_a_new_one_where_that_was_hung_up() -> None:
    async with smtp_peer() as peer:
        channel = a_channel(peer.url)
        await channel.send(a_message(), ADA)
        await channel.send(a_message(), ADA)
        before = peer.connections
        peer.hang_up()
        outcome = await channel.send(a_message(), ADA)
        await channel.close()

    assert isinstance(outcome, Sent)
    assert (before, peer.connections, len(peer.mails)) == (1, 2, 3)


async def test_a_channel_that_was_closed_hangs_nothing_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "RESTS_S", 0.0)
    wrong: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
    async with smtp_peer() as peer:
        channel = a_channel(peer.url)
        sent = await channel.send(a_message(), ADA)
        await channel.close()
        await asyncio.sleep(0.01)  # until a rest of no time at all is over
    asyncio.get_running_loop().set_exception_handler(None)

    assert isinstance(sent, Sent)
    assert wrong == []
