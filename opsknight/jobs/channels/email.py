"""Mail by SMTP. Sources: RFC 5321 (replies), RFC 5322 (headers), RFC 3834 (Auto-Submitted)."""

from __future__ import annotations

import ssl
from asyncio import TimerHandle, get_running_loop, timeout
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.charset import QP, Charset
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address as MailAddress
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import formataddr, formatdate, parseaddr
from functools import lru_cache
from html import escape
from socket import gaierror
from typing import Final, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from opsknight.domain.model.channel import ChannelKind
from opsknight.domain.model.person import addressed
from opsknight.errors import CannotStart
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
)

NO_SERVER: Final = "No mail server is set (OPSKNIGHT_SMTP_URL), so nobody can be reached by mail."
_SCHEMES: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_ACCIDENTS: Final[tuple[tuple[type[BaseException], str, Fault], ...]] = (
    (gaierror, "The mail server's name does not resolve.", Fault.DNS),
    (TimeoutError, "The mail server did not answer in time.", Fault.TIMEOUT),
    (ssl.SSLError, "No secure connection to the mail server.", Fault.TLS),
    (ConnectionRefusedError, "The mail server refuses connections.", Fault.REFUSED),
    (OSError, "The connection to the mail server was lost.", Fault.RESET),
)
"""Before the mail was under way, the first that fits: nothing was sent."""
RESTS_S: Final = 5.0
"""How long a connection is kept for the next mail; Postfix, the most patient of the strict, waits 10 s in a storm."""
_GOING_AWAY: Final = 421
_POLICY: Final = compat32.clone(linesep="\r\n")
_UTF8: Final = Charset("utf-8")
_UTF8.body_encoding = QP
_LONGEST_LINE: Final = 990
"""RFC 5321 allows 998 characters."""
_FOLDED_FROM: Final = 74
"""A header's name and value that make a longer line are folded; RFC 5322 recommends 78 characters."""
_Error = TypeVar("_Error", bound=BaseException)
KIND: Final = ChannelKind("email", "E-mail address", "ada@example.com", addressed, rooms=True)


def missing(ground: Ground) -> str:
    """Return what has to be set before mail goes out, empty when it is."""
    return "" if ground.settings.smtp_url else NO_SERVER


def make(ground: Ground) -> EmailChannel:
    """Return the channel as the settings want it."""
    url = ground.settings.smtp_url
    home = urlsplit(ground.settings.address).hostname or "localhost"
    return EmailChannel(mail_server(url) if url else None, sender=ground.settings.mail_from, home=home)


class BadMailServer(CannotStart, ValueError):
    """OPSKNIGHT_SMTP_URL cannot be used; the text says why, without the password."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `starttls` None means: when the server offers it."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls_from_start: bool = False
    starttls: bool | None = None
    ca_file: str | None = None


def mail_server(url: str) -> MailServer:
    """Read `smtp://user:password@host:port`, `smtp+starttls://…` (insist on it) or `smtps://…`.

    With smtp:// STARTTLS is used when the server offers it; `?tls=never` forbids it, for a relay on
    the same machine with a certificate of its own making. `?ca=/path.pem` names the authority that
    signed the server's certificate.

    Raises:
        BadMailServer: the address cannot be used.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadMailServer("OPSKNIGHT_SMTP_URL has no usable host and port.") from error
    if parts.scheme not in _SCHEMES or not host:
        raise BadMailServer(
            "OPSKNIGHT_SMTP_URL must look like smtp://user:password@host:port, smtp+starttls://… or smtps://…."
        )
    options = parse_qs(parts.query)
    return MailServer(
        host=host,
        port=port or _SCHEMES[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls_from_start=parts.scheme == "smtps",
        starttls=_starttls(parts.scheme, options.get("tls")),
        ca_file=options.get("ca", [None])[0],
    )


def _starttls(scheme: str, asked: list[str] | None) -> bool | None:
    if scheme == "smtp+starttls":
        return True
    return False if scheme == "smtps" or asked == ["never"] else None


class EmailChannel:
    """Sends mail through one server; a connection that has just delivered one mail takes the next.

    `sender` is the From address, with or without a name; `home` is the host that Message-IDs are
    named after. Without a `server` every message fails for good, and says so.
    """

    def __init__(self, server: MailServer | None, *, sender: str, home: str, budget_s: float = BUDGET_S) -> None:
        """Keep where to send; nothing is opened yet."""
        self._server = server
        self._sender = sender
        self._home = home
        self._budget_s = budget_s
        self._resting: list[_Talk] = []

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand the mail over; the server's replies decide."""
        if self._server is None:
            return Failed(NO_SERVER, Fault.SETTINGS)
        try:
            mail = composed(message, to=address.value, sender=self._sender, home=self._home)
        except (ValueError, HeaderParseError):
            return Failed("The mail address cannot be used.", Fault.ADDRESS, gone=True)
        sender, to = parseaddr(self._sender)[1], _in_ascii(address.value)
        talk = self._resting.pop() if self._resting else None
        sent: Sent | None = None
        try:
            async with timeout(self._budget_s):
                if talk is None or not await talk.resumes(sender, to):
                    talk = _Talk(self._server, home=self._home)
                    await talk.begin(sender, to)
                sent = await talk.hand_over(mail)
                return sent
        except (aiosmtplib.SMTPException, OSError, ValueError, TimeoutError) as error:
            return classified(error, handed_over=talk is not None and talk.handing_over)
        finally:
            if talk is not None:
                self._leave(talk, good=sent is not None)

    async def close(self) -> None:
        """Hang up whatever rests."""
        for talk in self._resting:
            talk.close()
        self._resting.clear()

    def _leave(self, talk: _Talk, *, good: bool) -> None:
        """Keep a conversation that went well for the next mail, for a while; hang up any other at once."""
        if not good:
            talk.close()
            return
        self._resting.append(talk)
        talk.rest(lambda: self._resting.remove(talk))


class _Talk:
    """A conversation with the server, which knows whether a mail itself was under way."""

    def __init__(self, server: MailServer, *, home: str) -> None:
        self.handing_over = False
        self._ends: TimerHandle | None = None
        context = ssl.create_default_context(cafile=server.ca_file) if server.ca_file else None
        self._smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls_from_start,
            start_tls=server.starttls,
            tls_context=context,
            local_hostname=home,  # else the resolver is asked for our own name, which may take seconds
            timeout=None,  # the caller's budget covers the whole conversation
        )

    async def begin(self, sender: str, to: str) -> None:
        """Connect, and say from whom and to whom."""
        await self._smtp.connect()
        await self._smtp.mail(sender)
        await self._smtp.rcpt(to)

    async def resumes(self, sender: str, to: str) -> bool:
        """Say from whom and to whom after a rest; False: the server has hung up meanwhile, which says nothing of it."""
        if self._ends is not None:
            self._ends.cancel()
        self.handing_over = False
        try:
            await self._smtp.mail(sender)
            await self._smtp.rcpt(to)
        except aiosmtplib.SMTPResponseException as refused:
            if refused.code > 0 and refused.code != _GOING_AWAY:
                raise
        except (aiosmtplib.SMTPException, OSError):
            pass
        else:
            return True
        self.close()
        return False

    async def hand_over(self, mail: bytes) -> Sent:
        """Give the mail itself and return what the server said."""
        self.handing_over = True
        reply = await self._smtp.data(mail)
        return Sent(provider_id=reply.message[:500], detail=f"{reply.code} {reply.message}"[:500])

    def rest(self, ends: Callable[[], object]) -> None:
        """Wait for the next mail; `ends` is called when none came and the server was hung up."""

        def end() -> None:
            ends()
            self.close()

        self._ends = get_running_loop().call_later(RESTS_S, end)

    def close(self) -> None:
        """Hang up at once: nobody waits for QUIT while a page is being delivered."""
        self._smtp.close()


def composed(message: Message, *, to: str, sender: str, home: str) -> bytes:
    """Return the mail: plain text, and the same as quiet HTML.

    Its Message-ID is the notification's, so that a repeat is known as such by whoever files it, and
    mails about one incident form a thread. Line breaks in any text become spaces. What is short and
    ASCII is put together here, the rest by the library, which alone would take ten times as long.

    Raises:
        ValueError, HeaderParseError: `to` or `sender` is not an address.
    """
    boundary = f"=_{message.notification_id.hex}"
    parts = (_part(_text(message), "plain"), _part(_html(message), "html"))
    headers = "".join(_header(name, value) for name, value in _headers(message, to=to, sender=sender, home=home))
    frame = f'{headers}Content-Type: multipart/alternative; boundary="{boundary}"\r\nMIME-Version: 1.0\r\n\r\n'
    between = f"--{boundary}\r\n".encode()
    return b"".join([frame.encode(), between, parts[0], b"\r\n", between, parts[1], f"\r\n--{boundary}--\r\n".encode()])


def _headers(message: Message, *, to: str, sender: str, home: str) -> Iterator[tuple[str, str]]:
    yield "From", _from(sender)
    yield "To", formataddr((_line(message.to_name), _recipient(to)))
    yield "Subject", _line(message.subject)
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
    if value.isascii() and len(name) + len(value) < _FOLDED_FROM:
        return f"{name}: {value}\r\n"
    folded = Header(value, header_name=name).encode(linesep="\r\n")
    return f"{name}: {folded}\r\n"


@lru_cache(maxsize=8)
def _from(sender: str) -> str:
    name, plain = parseaddr(sender)
    return formataddr((_line(name) or "OpsKnight", plain))


@lru_cache(maxsize=1024)
def _recipient(to: str) -> str:
    return MailAddress(addr_spec=_in_ascii(to)).addr_spec  # it refuses what is none


def _part(text: str, kind: str) -> bytes:
    """Return a body as it is where mail servers take it so: ASCII in lines that are not too long."""
    if not text.isascii() or max(map(len, text.splitlines()), default=0) > _LONGEST_LINE:
        return MIMEText(text, kind, cast("str", _UTF8), policy=_POLICY).as_bytes()
    lines = "\r\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    head = f'Content-Type: text/{kind}; charset="us-ascii"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n'
    return f"{head}{lines}".encode()


def classified(error: Exception, *, handed_over: bool) -> Outcome:
    """Return what an error in the conversation means; `handed_over` says whether the mail was under way."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return _refused(error)
    if handed_over:
        fault = Fault.TIMEOUT if isinstance(error, TimeoutError) else Fault.RESET
        return Ambiguous("The mail was handed over, and the mail server gave no answer.", fault)
    certificate = _caused_by(error, ssl.SSLCertVerificationError)
    if certificate is not None:
        return Retry(f"The mail server's certificate is not valid: {certificate.verify_message}", Fault.CERTIFICATE)
    for kind, reason, fault in _ACCIDENTS:
        if _caused_by(error, kind) is not None:
            return Retry(reason, fault)
    return Failed(f"The mail server cannot be used: {_line(str(error))}", Fault.SETTINGS)


def _refused(error: aiosmtplib.SMTPResponseException) -> Outcome:
    said = f"The mail server said {error.code}: {_line(error.message)}"[:500]
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Retry(said, Fault.SETTINGS) if error.code < 500 else Failed(said, Fault.SETTINGS)
    if error.code >= 500:  # RFC 5321: 5yz is permanent
        return Failed(said, Fault.ADDRESS if isinstance(error, aiosmtplib.SMTPRecipientRefused) else Fault.PROVIDER)
    return Retry(said, Fault.THROTTLED if error.code == 421 else Fault.PROVIDER)


def _caused_by(error: BaseException | None, kind: type[_Error]) -> _Error | None:
    looked_at: set[int] = set()  # an error may be, some causes on, its own cause
    while error is not None and id(error) not in looked_at:
        if isinstance(error, kind):
            return error
        looked_at.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _text(message: Message) -> str:
    parts = [f"{message.title}\n{message.body}".rstrip()]
    if message.acknowledge_url:
        parts.append(f"Acknowledge: {message.acknowledge_url}")
    parts.append(f"Open: {message.url}")
    return "\n\n".join(parts) + "\n"


def _html(message: Message) -> str:
    lines = "".join(f"<p style='margin:0 0 8px'>{escape(line)}</p>\n" for line in message.body.splitlines() if line)
    button = ""
    if message.acknowledge_url:
        button = (
            f"<p style='margin:20px 0'><a href='{escape(message.acknowledge_url)}' style='background:#1f5fd6;"
            "color:#ffffff;padding:12px 22px;border-radius:8px;text-decoration:none;font-weight:600'>"
            "Acknowledge</a></p>\n"
        )
    return (
        "<!doctype html><html><body style='margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif;color:#1c2330;"
        f"background:#ffffff'>\n<h1 style='font-size:18px;margin:0 0 12px'>{escape(message.title)}</h1>\n"
        f"{lines}{button}<p style='margin:0'><a href='{escape(message.url)}' style='color:#1f5fd6'>Open</a></p>\n"
        "</body></html>\n"
    )


def _in_ascii(address: str) -> str:
    """Return a mail address with its domain as servers write it; raises ValueError where that cannot be."""
    local, _, domain = address.rpartition("@")
    return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"


def _line(text: str) -> str:
    """Return `text` as one line without control characters, so that it can be one header and no more."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:500]
