"""One conversation with a mail server or script, by SMTP. Sources: RFC 5321, RFC 1870 (SIZE), RFC 3207 (STARTTLS)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import Any, Final, cast
from uuid import UUID

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from opsknight.api.mail_in.reception import LATER, MAX_KEPT, MAX_MAIL, MISTAKE, TOO_LARGE, Mailroom, Refused, Wanted
from opsknight.api.mail_in.slim import Slim

log = structlog.get_logger(__name__)

MOST_RECIPIENTS: Final = 20
"""Recipients of one mail; it is stored for each."""
QUIET_FOR_S: Final = 300.0
"""RFC 5321 §4.5.3.2.7: a server waits five minutes for the next command."""
KEPT_OF_REFUSED: Final = 65_536
LINES_A_TURN: Final = 500
LONGEST_LINE: Final = 65_536
"""Far beyond the RFC's 998 characters: monitors write HTML on one line."""
_FIELD: Final = re.compile(rb"^(message-id|date)[ \t]*:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_ENDED_ANYHOW: Final = re.compile(rb"[^\n]*\n|[^\n]+")
"""Scripts send lines that end without CR. Only the end of the whole mail must be as the RFC has it."""


class Conversation(SMTP):
    """Speaks SMTP as aiosmtpd does, and reads a mail so that no more of it is in memory than is kept.

    `monotonic` tells seconds that only grow; `heard_at` is when the other side last said something,
    `rests` is set but while a mail of it is on its way to the database.
    """

    line_length_limit = LONGEST_LINE

    def __init__(
        self,
        mailroom: Mailroom,
        *,
        name: str,
        tls: ssl.SSLContext | None,
        monotonic: Callable[[], float],
        over: Callable[[Conversation, None], object] = lambda *_: None,
    ) -> None:
        """Prepare to talk; `name` is this host's, `over` is called with it when it has ended."""
        super().__init__(
            _Hooks(mailroom),
            data_size_limit=None,  # it is told and kept for those whom it concerns, who are not known at MAIL
            enable_SMTPUTF8=True,
            hostname=name,
            ident="OpsKnight",
            tls_context=tls,
            timeout=QUIET_FOR_S,
            loop=asyncio.get_running_loop(),
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
        )
        self._mailroom = mailroom
        self._monotonic = monotonic
        self._over = over
        self.heard_at = monotonic()
        self.rests = asyncio.Event()
        self.rests.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Let the room know that there is a place."""
        self._over(self, None)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Note that the other side said something."""
        self.heard_at = self._monotonic()
        super().data_received(data)

    def hang_up(self, reply: str = "421 4.3.2 OpsKnight stops; send it again") -> None:
        """End the conversation, whatever it is at."""
        transport = cast("Any", self.transport)
        if transport is not None and not transport.is_closing():
            transport.write(f"{reply}\r\n".encode())
            transport.close()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Read a mail, and answer once it is stored."""
        if await self.check_helo_needed():
            return
        wanted = _wanted(self.envelope)
        if not wanted or arg:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        slim, size = await self._read_mail()
        sender = str(cast("Envelope", self.envelope).mail_from or "")
        self._set_post_data_state()
        if size > MAX_MAIL:
            await self._mailroom.keep_too_large(wanted.integrations, slim.body()[:KEPT_OF_REFUSED], size)
            await self.push(TOO_LARGE)
            return
        mail = slim.body()
        self.rests.clear()
        try:
            await self.push(await self._mailroom.take(wanted, sender, mail, once=known_by(mail)))
        finally:
            self.rests.set()

    async def _read_mail(self) -> tuple[Slim, int]:
        """Return what is kept of a mail, and how long it was; of one that is too long nothing more is kept."""
        slim, size, begins, lines = Slim(MAX_KEPT), 0, True, 0
        reader = cast("asyncio.StreamReader", self._reader)
        while True:
            try:
                line = await reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as longer:
                line = await reader.read(longer.consumed)
            if begins and line == b".\r\n":
                return slim, size
            stuffed = begins and line.startswith(b".")
            size += len(line)
            if size <= MAX_MAIL:
                for piece in _ENDED_ANYHOW.findall(line[1:] if stuffed else line):
                    slim.feed(piece, begins=begins)
                    begins = True
            begins = line.endswith(b"\r\n")
            lines += 1
            if lines % LINES_A_TURN == 0:
                self._reset_timeout()
                await asyncio.sleep(0)


class _Hooks:
    """What aiosmtpd asks for at each command."""

    def __init__(self, mailroom: Mailroom) -> None:
        self._mailroom = mailroom

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, _server: object, session: Session, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [one for one in responses if not one.upper().startswith("250-AUTH")]
        return [*offered[:-1], f"250-SIZE {MAX_MAIL}", offered[-1]]

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: object, _session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        wanted = _wanted(envelope)
        if len(wanted) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients; send it to the others in a mail of their own"
        try:
            one = await self._mailroom.recipient(address)
        except Refused as refused:
            return refused.reply
        if (declared := _declared(envelope)) > MAX_MAIL:
            await self._mailroom.keep_too_large([] if isinstance(one, UUID) else [one], b"", declared)
            return TOO_LARGE
        wanted.add(one)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        log.warning("a mail conversation failed", error=repr(error), exc_info=error)
        return LATER if isinstance(error, TimeoutError) else MISTAKE


def _wanted(envelope: Any) -> Wanted:
    """Return whom a mail is for so far; it may be added to."""
    if not hasattr(envelope, "wanted"):
        envelope.wanted = Wanted()
    return envelope.wanted


def _declared(envelope: Envelope) -> int:
    """Return how large the sender says that the mail is, 0 where it does not."""
    for option in envelope.mail_options:
        name, _, value = option.partition("=")
        if name.upper() == "SIZE" and value.isdecimal():
            return int(value[:18])
    return 0


def known_by(mail: bytes) -> str:
    """Return by what a retry of a mail is known: its Message-ID, else its date; "" where it has neither.

    The body is compared as well, so two mails of one second are two unless they are alike to the last byte.
    """
    head = _BLANK.split(mail, maxsplit=1)[0] + b"\r\n"
    found = {one[1].lower(): one[2] for one in reversed(list(_FIELD.finditer(head)))}
    said = found.get(b"message-id") or found.get(b"date") or b""
    return " ".join(said.decode("utf-8", "surrogateescape").split())[:900]
