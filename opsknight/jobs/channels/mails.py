"""What a page says by mail, whoever carries it. Sources: RFC 5322 (headers), RFC 3834 (Auto-Submitted)."""

from __future__ import annotations

from collections.abc import Iterator
from email.charset import QP, Charset
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address as MailAddress
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import formataddr, formatdate, parseaddr
from functools import lru_cache
from html import escape
from typing import Final, cast

from opsknight.domain.model.mail_reply import HINT
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import Failed, Fault, Message, Urgency

NO_ADDRESS: Final = "The mail address cannot be used."
NO_SENDER: Final = "No mail can be written from the address in OPSKNIGHT_MAIL_FROM; an operator has to change it."
_BREAK: Final = "\r\n"
_POLICY: Final = compat32.clone(linesep=_BREAK)
_UTF8: Final = Charset("utf-8")
_UTF8.body_encoding = QP
_LONGEST_LINE: Final = 990
"""RFC 5321 allows 998 characters."""
_FOLDED_FROM: Final = 74
"""A header's name and value that make a longer line are folded; RFC 5322 recommends 78 characters."""


def composed(message: Message, *, to: str, sender: str, home: str) -> bytes:
    """Return the mail: plain text, and the same as quiet HTML.

    Its Message-ID is the notification's, so that a repeat is known as such by whoever files it, and
    mails about one incident form a thread. Line breaks in any text become spaces. What is short and
    ASCII is put together here, the rest by the library, which alone would take ten times as long.

    Raises:
        ValueError, HeaderParseError: `to` or `sender` is not an address.
    """
    boundary = f"=_{message.notification_id.hex}"
    parts = (_part(text(message), "plain"), _part(html(message), "html"))
    head = "".join(_header(name, value) for name, value in headers(message, to=to, sender=sender, home=home))
    frame = f'{head}Content-Type: multipart/alternative; boundary="{boundary}"\r\nMIME-Version: 1.0\r\n\r\n'
    between = f"--{boundary}\r\n".encode()
    return b"".join([frame.encode(), between, parts[0], b"\r\n", between, parts[1], f"\r\n--{boundary}--\r\n".encode()])


def headers(message: Message, *, to: str, sender: str, home: str) -> Iterator[tuple[str, str]]:
    """Give the headers of the mail, apart from those of its body."""
    yield "From", _from(sender)
    yield "To", formataddr((line(message.to_name), recipient(to)))
    if message.replies_to:
        yield "Reply-To", message.replies_to
    yield "Subject", line(message.subject)
    yield "Date", formatdate()
    yield "Message-ID", f"<{message.notification_id}@{home}>"
    if message.incident_id is not None:
        thread = f"<incident-{message.incident_id}@{home}>"
        yield "References", thread
        yield "In-Reply-To", thread
        yield "List-Id", f"OpsKnight incidents <incidents.{home}>"
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    yield "X-OpsKnight", home  # so that an e-mail integration knows it for one of ours
    if message.urgency is Urgency.HIGH:
        yield "Importance", "high"
        yield "X-Priority", "1"


def _header(name: str, value: str) -> str:
    if not value.isascii():
        return f"{name}: {Header(value, header_name=name).encode(linesep=_BREAK)}{_BREAK}"
    if len(name) + len(value) < _FOLDED_FROM:
        return f"{name}: {value}{_BREAK}"
    return _BREAK.join((*_folded(name, value), ""))


def _folded(name: str, value: str) -> Iterator[str]:
    """Give the lines of a long header, broken between words: each but the first begins with a space."""
    first, *words = value.split(" ")
    begun = f"{name}: {first}"
    for word in words:
        if len(begun) + len(word) > _FOLDED_FROM:
            yield begun
            begun = ""
        begun += f" {word}"
    yield begun


@lru_cache(maxsize=8)
def _from(sender: str) -> str:
    return formataddr(name_and_address(sender))


def name_and_address(sender: str) -> tuple[str, str]:
    """Return who mails come from, by the setting, as a name and an address."""
    name, plain = parseaddr(sender)
    return line(name) or "OpsKnight", plain


@lru_cache(maxsize=1024)
def recipient(to: str) -> str:
    """Return an address as mail servers write it; raises ValueError or HeaderParseError where it is none."""
    return MailAddress(addr_spec=in_ascii(to)).addr_spec  # it refuses what is none


def unwritten(to: str) -> Failed:
    """Return why a mail to `to` could not be composed: only an address of theirs is switched off for it."""
    try:
        recipient(to)
    except (ValueError, HeaderParseError):
        return Failed(NO_ADDRESS, Fault.ADDRESS, gone=True)
    return Failed(NO_SENDER, Fault.SETTINGS)


def _part(said: str, kind: str) -> bytes:
    """Return a body as it is where mail servers take it so: ASCII in lines that are not too long."""
    if not said.isascii() or max(map(len, said.splitlines()), default=0) > _LONGEST_LINE:
        return MIMEText(said, kind, cast("str", _UTF8), policy=_POLICY).as_bytes()
    lines = "\r\n".join(said.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    head = f'Content-Type: text/{kind}; charset="us-ascii"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n'
    return f"{head}{lines}".encode()


def text(message: Message) -> str:
    """Return the mail's plain text."""
    parts = [f"{message.title}\n{message.body}".rstrip()]
    if message.acknowledge_url:
        parts.append(say("Acknowledge: {url}", url=message.acknowledge_url))
        if message.replies_to:
            parts[-1] += f"\n{say(HINT)}"
    parts.append(say("Open: {url}", url=message.url))
    return "\n\n".join(parts) + "\n"


def html(message: Message) -> str:
    """Return the same as quiet HTML, in which what strangers wrote marks nothing up."""
    lines = "".join(f"<p style='margin:0 0 8px'>{escape(one)}</p>\n" for one in message.body.splitlines() if one)
    button = ""
    if message.acknowledge_url:
        button = (
            f"<p style='margin:20px 0'><a href='{escape(message.acknowledge_url)}' style='background:#1f5fd6;"
            "color:#ffffff;padding:12px 22px;border-radius:8px;text-decoration:none;font-weight:600'>"
            f"{escape(say('Acknowledge'))}</a></p>\n"
        )
        if message.replies_to:
            button += f"<p style='margin:0 0 12px;color:#5a6474'>{escape(say(HINT))}</p>\n"
    return (
        "<!doctype html><html><body style='margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif;color:#1c2330;"
        f"background:#ffffff'>\n<h1 style='font-size:18px;margin:0 0 12px'>{escape(message.title)}</h1>\n"
        f"{lines}{button}<p style='margin:0'><a href='{escape(message.url)}' style='color:#1f5fd6'>"
        f"{escape(say('Open'))}</a></p>\n"
        "</body></html>\n"
    )


def in_ascii(address: str) -> str:
    """Return a mail address with its domain as servers write it; raises ValueError where that cannot be."""
    local, _, domain = address.rpartition("@")
    return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"


def line(said: str) -> str:
    """Return `said` as one line without control characters, so that it can be one header and no more."""
    printable = said if said.isprintable() else "".join(c if c.isprintable() else " " for c in said)
    return " ".join(printable.split())[:500]
