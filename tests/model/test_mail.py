"""Mails, however odd: always a text that can be stored, in bounded time, and the charset is found."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Malformed
from opsknight.domain.model.mail import MAX_TEXT, Mail, read_mail
from opsknight.domain.model.mail_automatic import why_none_meant_it
from opsknight.domain.model.mail_conditions import conditions_of, identity, read
from opsknight.domain.model.mail_text import clean, decoded, of_header, of_html

NAMES = (
    "utf-8 utf-16 utf-16le utf-7 iso-2022-jp cp1252 koi8-r big5 rot13 zip idna punycode unicode_escape undefined"
    " x-unknown \udcff utf-8\0 'utf-8'"
)
CHARSETS = NAMES.split()
ENCODINGS = ["base64", "quoted-printable", "8bit", "7bit", "x-uuencode", "uuencode", "nonsense", ""]
KINDS = [
    "text/plain",
    "text/html",
    "multipart/mixed; boundary=b",
    'multipart/report; boundary="b"',
    "multipart/mixed",
    "message/rfc822",
    "application/pdf; name*99999999999=x",
    "text/plain; name*0*=utf-8''%ff",
    "/",
]
HEADERS = ["From", "Subject", "Date", "To", "Received", "Content-Type", "Content-Disposition", "Return-Path", "X-\xe4"]
VALUES = [
    "=?utf-8?b?!!!?=",
    "=?utf-16?q?=41?=",
    "=?x?q?",
    "(((((" * 300,
    "<<>>",
    "a@b, c@d",
    "Tue, 99 Foo 2026 99:99",
    'attachment; filename="a\r\n b"',
    "24 Nov 0000 00:00 +9999",
    "\xfc\xe4",
    "\0",
]


@st.composite
def odd_mails(draw: st.DrawFn) -> bytes:
    """Return bytes that are a mail, more or less."""
    lines = [
        f"{draw(st.sampled_from(HEADERS))}: {draw(st.sampled_from(VALUES) | st.text(max_size=40))}"
        for _ in range(draw(st.integers(1, 6)))
    ]
    lines.append(f"Content-Type: {draw(st.sampled_from(KINDS))}; charset={draw(st.sampled_from(CHARSETS))}")
    lines.append(f"Content-Transfer-Encoding: {draw(st.sampled_from(ENCODINGS))}")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    parts = [
        b"\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x",
        b"\r\n--b--\r\n",
        b"begin 644 x\nM\n",
        b"=ZZ=",
        b"\0\xff",
    ]
    body = draw(st.lists(st.binary(max_size=60) | st.sampled_from(parts), max_size=6))
    return head + draw(st.sampled_from([b"\r\n\r\n", b"\n\n", b""])) + b"".join(body)


@given(odd_mails() | st.binary(max_size=300))
def test_whatever_is_sent_becomes_a_mail_that_can_be_stored_or_is_refused(raw: bytes):
    try:
        mail = read_mail(raw)
    except Malformed:
        return

    said = [mail.sender, mail.sender_name, mail.to, mail.subject, mail.text, *mail.attachments, *mail.headers.values()]
    for text in said:
        text.encode()  # no lone surrogate
        assert "\0" not in text
    assert "\n" not in mail.subject
    assert len(mail.text) <= MAX_TEXT
    assert mail.sent_at is None or mail.sent_at.tzinfo is UTC
    why_none_meant_it(mail)
    read(mail, conditions_of({}))
    assert identity(mail, conditions_of({}))


TEXT = "Größe: 91 % – Überlauf"


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1252", "utf-16-le"])
def test_a_text_is_read_in_its_charset_in_base64_and_in_headers(charset: str):
    mail = EmailMessage()
    mail["From"] = "a@b.c"
    raw = base64.b64encode(TEXT.encode(charset))
    head = b"Subject: =?%s?B?%s?=\r\nContent-Type: text/plain; charset=%s" % (charset.encode(), raw, charset.encode())

    mail_read = read_mail(head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + raw)

    assert (mail_read.subject, mail_read.text) == (TEXT, TEXT)


@pytest.mark.parametrize("charset", ["", "us-ascii", "x-nobody-knows", "idna"])
@pytest.mark.parametrize("really", ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-16"])
def test_a_charset_that_is_missing_or_a_lie_is_found_out(charset: str, really: str):
    assert decoded(TEXT.replace("–", "-").encode(really), charset) == TEXT.replace("–", "-")


def test_letters_that_are_cut_in_two_between_encoded_words_are_whole_again():
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    header = f"=?utf-8?B?{base64.b64encode(b'Gr' + first).decode()}?=\r\n =?UTF-8?Q?={second.hex().upper()}n?= now"

    assert of_header(header) == "Grün now"


@given(st.text())
def test_a_clean_text_is_clean_and_stays_so(text: str):
    assert clean(clean(text)) == clean(text)
    clean(text).encode()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<style>p{}</style><script>if (a < b) x()</script>Seen<!-- not <b>seen</b> -->", "Seen"),
        ("a &lt;b&gt; &amp;amp; c &nbsp; d", "a <b> &amp; c d"),
        ("<table><tr><td>CPU<td>91 %</table>", "CPU\n91 %"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_html_is_read_as_a_person_sees_it(html: str, text: str):
    assert of_html(html) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"(" * 500_000 + b"\r\n\r\nx",
        b"Subject: " + b"=?a?q?" * 100_000 + b"\r\n\r\nx",
        b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000,
        b"Content-Type: text/html\r\n\r\n" + b"<style></style>" * 40_000,
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        + b"".join(b"--a\r\nContent-Type: multipart/mixed; boundary=a%d\r\n\r\n" % number for number in range(10_000)),
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n" * 60_000,
        b"X: y\r\n" * 100_000 + b"\r\nx",
    ],
    ids=["comments", "words", "angles", "styles", "nesting", "parts", "headers"],
)
def test_a_hostile_mail_takes_no_longer_than_its_length_deserves(raw: bytes):
    began = time.process_time()

    read_mail(raw)

    assert time.process_time() - began < 3


def test_the_plain_text_goes_before_html_and_a_forwarded_mail_is_an_attachment():
    mail = EmailMessage()
    mail["Date"] = "Tue, 24 Nov 2026 13:00:00 +0100"
    mail.set_content("plain")
    mail.add_alternative("<p>html</p>", subtype="html")
    inner = EmailMessage()
    inner["Subject"], inner["X-OpsKnight"] = "inside", "x"
    mail.add_attachment(inner)

    found = read_mail(mail.as_bytes())

    assert (found.text, found.attachments) == ("plain", ("message/rfc822",))
    assert found.sent_at == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert not why_none_meant_it(found)


def test_what_begins_with_no_header_is_no_mail():
    with pytest.raises(Malformed, match="is no mail"):
        read_mail(b"\r\nhello")


def test_of_several_headers_of_one_name_the_first_counts():
    assert read_mail(b"Return-Path: <a@b>\r\nReturn-Path: <>\r\nSubject: x\r\n\r\n").headers["return-path"] == "<a@b>"
    assert isinstance(read_mail(b"Subject: x\r\n\r\n"), Mail)


def test_a_mail_of_a_mail_server_is_none_of_a_monitor_even_where_it_is_no_report():
    bounced = Mail(sender="mailer-daemon@mx.example.org", subject="Undelivered Mail Returned to Sender")

    assert why_none_meant_it(bounced).startswith("A mail server wrote it")
    assert not why_none_meant_it(Mail(sender="daemon@db-1.example.org", subject="Cron <daemon@db-1> backup"))
