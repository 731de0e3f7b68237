"""The mail listener: takes the port, counts who talks, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import parseaddr
from typing import Final

import structlog

from opsknight.api.drop_in.door import Reception
from opsknight.api.mail_in.back import Back
from opsknight.api.mail_in.conversation import Conversation
from opsknight.api.mail_in.reception import Mailroom
from opsknight.clock import Clock
from opsknight.errors import CannotStart
from opsknight.settings import Settings

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
"""Conversations; one more takes the place of one that says nothing, where there is such."""
MAY_SAY_NOTHING_S: Final = 20.0
BUSY: Final = "421 4.3.2 Too many conversations at once; send it again"
STOP_WITHIN_S: Final = 2.0
"""Mails under way have so long to be stored and answered."""


@asynccontextmanager
async def listen(
    settings: Settings, reception: Reception, *, clock: Clock, back: Back | None = None
) -> AsyncIterator[int]:
    """Take mail for as long as the block runs, where OPSKNIGHT_MAIL_IN says so; give the port, 0 where it does not.

    What comes back to mails of ours is taken by `back`.

    Raises:
        CannotStart: the port is taken, or the certificate cannot be used.
    """
    if settings.mail_in is None:
        yield 0
        return
    ours = parseaddr(settings.mail_from)[1]
    mailroom = Mailroom(reception, domain=settings.mail_in_domain, ours=ours, back=back)
    room = _Room(mailroom, name=settings.mail_in_host, tls=_tls(settings), monotonic=clock.monotonic)
    host, port = settings.mail_in_place
    try:
        server = await asyncio.get_running_loop().create_server(room.enter, host, port)
    except OSError as refused:
        raise CannotStart(
            f"Cannot take mail on {host} port {port}: {os.strerror(refused.errno or errno.EADDRNOTAVAIL)}."
            " Stop what uses it, or choose another place with OPSKNIGHT_MAIL_IN."
        ) from None
    try:
        taken: int = server.sockets[0].getsockname()[1]
        log.info("mail is taken", host=host, port=taken)
        yield taken
    finally:
        server.close()
        await room.close()


class _Room:
    """All conversations of this process."""

    def __init__(
        self, mailroom: Mailroom, *, name: str, tls: ssl.SSLContext | None, monotonic: Callable[[], float]
    ) -> None:
        self._mailroom = mailroom
        self._name = name
        self._tls = tls
        self._monotonic = monotonic
        self._talking: dict[Conversation, None] = {}

    def enter(self) -> Conversation:
        """Return a conversation for whoever has connected; the quietest makes room where there is none."""
        if len(self._talking) >= AT_ONCE:
            quietest = min(self._talking, key=lambda one: one.heard_at)
            if quietest.heard_at < self._monotonic() - MAY_SAY_NOTHING_S and quietest.rests.is_set():
                quietest.hang_up(BUSY)
                self._talking.pop(quietest, None)
            else:
                return _Full(self._mailroom, name=self._name, tls=None, monotonic=self._monotonic)
        talk = Conversation(
            self._mailroom, name=self._name, tls=self._tls, monotonic=self._monotonic, over=self._talking.pop
        )
        self._talking[talk] = None
        return talk

    async def close(self) -> None:
        """End every conversation; those that store a mail may answer first."""
        for talk in list(self._talking):
            if talk.rests.is_set():
                talk.hang_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                for talk in list(self._talking):
                    await talk.rests.wait()
        for talk in list(self._talking):
            talk.hang_up()


class _Full(Conversation):
    """A conversation that is over before it begins."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so and hang up."""
        super().connection_made(transport)
        self.hang_up(BUSY)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"The certificate for mail cannot be used: {error}. See OPSKNIGHT_TLS_CERT.") from None
    return context
