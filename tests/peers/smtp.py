"""A real SMTP server that keeps what it takes, and misbehaves when told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from ssl import SSLContext
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.bounds import PATIENCE_S
from tests.peers.thread import in_thread


class Mood(StrEnum):
    """How the server takes the next mail."""

    TAKE = "take"
    REFUSE_FOR_NOW = "450 4.3.0 try again later"
    REFUSE_FOR_GOOD = "550 5.1.1 no such mailbox"
    BUSY = "421 4.7.0 too many connections"
    HANG_AT_RECIPIENT = "hang at recipient"
    HANG_AFTER_DOT = "hang after dot"
    TAKE_AND_DROP = "take and drop"
    DROP_AT_RECIPIENT = "drop at recipient"


@dataclass(slots=True)
class Mail:
    """One mail as it arrived."""

    sender: str
    to: list[str]
    raw: bytes
    over_tls: bool = False
    user: str | None = None
    came_at: float = 0.0
    """When its content was there, in seconds since 1970; it is kept after `delay_s`."""

    @property
    def message(self) -> EmailMessage:
        return cast("EmailMessage", message_from_bytes(self.raw, policy=default))

    @property
    def text(self) -> str:
        """The plain text part."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())


@dataclass
class SmtpPeer:
    """What the server took (`mails`), and how it behaves: `moods` are used up one by one, then `mood`.

    Without slots: aiosmtpd reads every member of it, and Python 3.11.2 leaves one there that cannot be read.
    """

    port: int = 0
    mails: list[Mail] = field(default_factory=list[Mail])
    mood: Mood = Mood.TAKE
    moods: list[Mood] = field(default_factory=list[Mood])
    delay_s: float = 0.0
    password: tuple[str, str] | None = None
    connections: int = 0
    _made: list[SMTP] = field(default_factory=list[SMTP])
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Mail]:
        """Return the mails that went to `address`."""
        return [mail for mail in self.mails if address in mail.to]

    def wait_for(self, count: int, *, within_s: float = PATIENCE_S) -> list[Mail]:
        """Block until `count` mails are here; call it from a thread when the loop must go on."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.mails) >= count, within_s)
        assert came, f"{len(self.mails)} mails after {within_s} s, wanted {count}"
        return self.mails

    async def mails_come(self, count: int, *, within_s: float = PATIENCE_S) -> list[Mail]:
        """Wait until `count` mails are here, and let the loop go on meanwhile."""
        return await asyncio.to_thread(self.wait_for, count, within_s=within_s)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        mood = self.moods[0] if self.moods else self.mood
        if mood is Mood.HANG_AT_RECIPIENT:
            await asyncio.Event().wait()
        if mood is Mood.DROP_AT_RECIPIENT:
            self._used_up()
            server.transport.abort()
            return "421 gone"
        if mood.value[0] in "45":
            self._used_up()
            return mood.value
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mood, came_at = self._used_up(), time.time()
        await asyncio.sleep(self.delay_s)
        self._keep(session, envelope, came_at)
        if mood is Mood.HANG_AFTER_DOT:
            await asyncio.Event().wait()
        if mood is Mood.TAKE_AND_DROP:
            server.transport.abort()
        return f"250 2.0.0 queued as {len(self.mails)}"

    def _used_up(self) -> Mood:
        return self.moods.pop(0) if self.moods else self.mood

    def _keep(self, session: Session, envelope: Envelope, came_at: float) -> None:
        login = session.auth_data
        user = login.login.decode() if isinstance(login, LoginPassword) else None
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        with self._arrived:
            mail = Mail(str(envelope.mail_from), list(envelope.rcpt_tos), raw, session.ssl is not None, user, came_at)
            self.mails.append(mail)
            self._arrived.notify_all()

    def hang_up(self) -> None:
        """Cut every connection, without a word."""
        for one in self._made:
            if one.transport is not None:
                one.transport.abort()

    def protocol(self, tls: SSLContext | None) -> SMTP:
        """Return the protocol for one connection."""
        self.connections += 1
        authenticate = None if self.password is None else self._check
        protocol = SMTP(
            self,
            hostname="peer.test",
            tls_context=tls,
            authenticator=authenticate,
            auth_require_tls=False,
            decode_data=False,
            timeout=60,
        )
        self._made.append(protocol)
        return protocol

    def _check(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = (data.login.decode(), data.password.decode()) == self.password
        return AuthResult(success=known, handled=known, auth_data=data if known else None)


@asynccontextmanager
async def smtp_peer(*, starttls: SSLContext | None = None, tls: SSLContext | None = None) -> AsyncIterator[SmtpPeer]:
    """Run the server in this loop; `starttls` offers STARTTLS, `tls` speaks it from the start."""
    peer = SmtpPeer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: peer.protocol(starttls), "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        peer.hang_up()
        await asyncio.sleep(0)


@contextmanager
def smtp_peer_in_thread() -> Iterator[SmtpPeer]:
    """Run the server beside the test, for tests that start OpsKnight as a process."""
    with in_thread(smtp_peer) as peer:
        yield peer
