"""Mail by SMTP. Source: RFC 5321 (replies)."""

from __future__ import annotations

import ssl
from asyncio import TimerHandle, get_running_loop, timeout
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.utils import parseaddr
from socket import gaierror
from typing import Final, TypeVar
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
)
from opsknight.jobs.channels.mails import composed, in_ascii, line, unwritten
from opsknight.outbound import connected

NO_SERVER: Final = "No mail server is set (OPSKNIGHT_SMTP_URL), nor another carrier, so nobody can be reached by mail."
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
_Error = TypeVar("_Error", bound=BaseException)
KIND: Final = ChannelKind("email", "E-mail address", "ada@example.com", addressed, rooms=True)


def missing(ground: Ground) -> str:
    """Return what has to be set before mail goes out, empty when it is."""
    return "" if ground.settings.smtp_url else NO_SERVER


def make(ground: Ground) -> EmailChannel:
    """Return the channel as the settings want it."""
    url = ground.settings.smtp_url
    return EmailChannel(mail_server(url) if url else None, sender=ground.settings.mail_from, home=ground.home)


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
        self._from = parseaddr(sender)[1]
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
            return unwritten(address.value)
        sender, to = message.bounces_to or self._from, in_ascii(address.value)
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
        self._where = (server.host, server.port)
        context = ssl.create_default_context(cafile=server.ca_file) if server.ca_file else None
        self._smtp = aiosmtplib.SMTP(
            hostname=server.host,
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
        await self._smtp.connect(port=None, sock=await connected(*self._where))
        await self._smtp.mail(sender)
        await self._smtp.rcpt(to)

    async def resumes(self, sender: str, to: str) -> bool:
        """Say from whom and to whom after a rest; False: the server has hung up meanwhile, which says nothing of it."""
        if self._ends is not None:
            self._ends.cancel()
        self.handing_over = False
        try:
            await self._say_again(sender, to)
        except aiosmtplib.SMTPResponseException as refused:
            if refused.code > 0 and refused.code != _GOING_AWAY:
                raise
        except (aiosmtplib.SMTPException, OSError):
            pass
        else:
            return True
        self.close()
        return False

    async def _say_again(self, sender: str, to: str) -> None:
        """Say from whom and to whom in a conversation that has begun.

        Both are known to be addresses: the library would find that out again, which takes longer than saying them.

        Raises:
            SMTPResponseException: the server refuses one of them.
        """
        reply = await self._smtp.execute_command(b"MAIL", b"FROM:<%b>" % sender.encode("ascii"))
        if reply.code != aiosmtplib.SMTPStatus.completed:
            raise aiosmtplib.SMTPSenderRefused(reply.code, reply.message, sender)
        reply = await self._smtp.execute_command(b"RCPT", b"TO:<%b>" % to.encode("ascii"))
        if reply.code not in (aiosmtplib.SMTPStatus.completed, aiosmtplib.SMTPStatus.will_forward):
            raise aiosmtplib.SMTPRecipientRefused(reply.code, reply.message, to)

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
        """Hang up at once, also where it rests: nobody waits for QUIT while a page is being delivered."""
        if self._ends is not None:
            self._ends.cancel()
        self._smtp.close()


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
    return Failed(f"The mail server cannot be used: {line(str(error))}", Fault.SETTINGS)


def _refused(error: aiosmtplib.SMTPResponseException) -> Outcome:
    said = f"The mail server said {error.code}: {line(error.message)}"[:500]
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
