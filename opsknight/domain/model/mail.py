"""Mails as monitors send them: bytes by RFC 5322, however odd, become one plain value.

Forgiving on purpose: a charset that is unknown or a lie, broken MIME and headers of any length still
give a text, because a page may depend on it. Time and depth are bounded for hostile ones.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any, Final, TypeVar, cast

from opsknight.domain.model.event import Malformed
from opsknight.domain.model.mail_text import clean, decoded, of_header, of_html

T = TypeVar("T")

MAX_TEXT: Final = 60_000
"""Characters that are kept of a mail's text."""
MAX_HEADER: Final = 4_096
"""Characters of one header that are read."""
_MANY_BOUNDARIES: Final = 64
_MANY_PARTS: Final = 2_000
"""A mail with more than this is not taken apart: reading it would cost far more than its length."""
_ODDITIES: Final = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What the standard library raises over headers and parts that are none."""
_EARLIEST: Final = 1971


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as a person reads it, and what machines say about it.

    `sender` is the plain address of From, in lower case; `headers` are all by lower-case name, of
    several of one name the first. `kind` is the content type of the whole, `hops` how many servers
    have passed it on.
    """

    sender: str = ""
    sender_name: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    sent_at: datetime | None = None
    kind: str = "text/plain"
    hops: int = 0
    attachments: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def read_mail(raw: bytes, *, of_html: Callable[[str], str] = of_html) -> Mail:
    """Return what the bytes of a mail say; what `of_html` finds is its text where it has none in plain.

    Raises:
        Malformed: they begin with no header, so they are no mail.
    """
    message = taken_apart(raw)
    names = [name.lower() for name, _ in message.raw_items()]
    if not names:
        raise Malformed("What was sent is no mail: it does not begin with headers such as From and Subject.")
    raws = undecoded(message)
    headers = {clean(name): of_header(value) for name, value in raws.items()}
    named, address = _quietly(lambda: parseaddr(raws.get("from", "")[:1000]), otherwise=("", ""))
    text, attachments = _content(message, of_html)
    return Mail(
        sender=clean(of_header(address)).strip().casefold(),
        sender_name=of_header(named),
        to=headers.get("to", ""),
        subject=headers.get("subject", "").strip(),
        text=text,
        sent_at=_sent_at(raws.get("date", "")),
        kind=kind_of(message),
        hops=names.count("received"),
        attachments=attachments,
        headers=headers,
    )


def undecoded(message: Message) -> dict[str, str]:
    """Return the headers of a mail or of a part by lower-case name, of several of one name the first."""
    return {name.lower(): str(value)[:MAX_HEADER] for name, value in reversed(list(message.raw_items()))}


def taken_apart(raw: bytes) -> Message:
    """Return the mail, taken apart where that is cheap and possible, else as its headers and one text."""
    if raw.lower().count(b"boundary") <= _MANY_BOUNDARIES and raw.count(b"\n--") <= _MANY_PARTS:
        try:
            return email.message_from_bytes(raw, policy=email.policy.compat32)
        except _ODDITIES:
            pass
    head, gap, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
    message = email.message_from_bytes(head + gap, policy=email.policy.compat32)
    for name in ("Content-Type", "Content-Transfer-Encoding"):
        del message[name]
    message["Content-Type"] = "text/plain"
    message.set_payload(decoded(body, ""))
    return message


def _content(message: Message, of_html: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """Return the text that a person reads, plain before HTML, and the names of what is attached."""
    plain: list[str] = []
    marked: list[str] = []
    attached: list[str] = []
    for part in parts_of(message):
        kind = kind_of(part)
        name = _quietly(part.get_filename, otherwise=None)
        disposition = _quietly(part.get_content_disposition, otherwise=None)
        if disposition == "attachment" or name or not kind.startswith("text/"):
            if part is not message or kind != "text/plain":
                attached.append(of_header(str(name or kind))[:200])
            continue
        (marked if kind == "text/html" else plain).append(_text(part))
    text = "\n\n".join(filter(None, (one.strip() for one in plain)))
    if not text:
        text = "\n\n".join(filter(None, (of_html(one).strip() for one in marked)))
    return text[:MAX_TEXT], tuple(attached[:100])


def parts_of(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, in order; what is inside a forwarded mail is that mail's own."""
    waiting: list[Message] = [message]
    while waiting:
        part = waiting.pop()
        if part.is_multipart() and kind_of(part).startswith("multipart/"):
            waiting += reversed(cast("list[Message]", part.get_payload()))
        else:
            yield part


def kind_of(part: Message) -> str:
    """Return the content type of a part, in lower case."""
    return _quietly(part.get_content_type, otherwise="text/plain")


def _text(part: Message) -> str:
    charset = _quietly(part.get_content_charset, otherwise=None)
    payload: Any = _quietly(lambda: part.get_payload(decode=True), otherwise=None)
    if not isinstance(payload, bytes):  # what its headers say of it is too odd, so let them say nothing
        del part["Content-Type"], part["Content-Transfer-Encoding"]
        payload = part.get_payload(decode=True)
    return clean(decoded(payload, str(charset or ""))) if isinstance(payload, bytes) else ""


def _sent_at(value: str) -> datetime | None:
    def at() -> datetime | None:
        sent = parsedate_to_datetime(value)
        sent = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)
        return sent if sent.year >= _EARLIEST else None

    try:
        return _quietly(at, otherwise=None)
    except OverflowError:
        return None


def _quietly(read: Callable[[], T], *, otherwise: T) -> T:
    """Return what `read` finds, `otherwise` where what it reads is too odd for it."""
    try:
        return read()
    except _ODDITIES:
        return otherwise
