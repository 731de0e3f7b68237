"""A mail server for trying things out: it takes every mail, shows it, and delivers none."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from opsknight.errors import CannotStart

HERE: Final = "127.0.0.1"


async def catch(*, port: int, show: Callable[[str], object], ready: Callable[[], object], host: str = HERE) -> None:
    """Take mail on `host` and `port` and hand the readable text of each to `show`, until cancelled.

    `ready` is called once it listens.

    Raises:
        CannotStart: the port is taken.
    """
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: SMTP(_Catcher(show), hostname="localhost"), host, port)
    except OSError as refused:
        raise CannotStart(f"Cannot take mail on port {port}: {refused.strerror}. Choose another with --port.") from None
    async with server:
        ready()
        await server.serve_forever()


def readable(raw: bytes) -> str:
    """Return what a person reads of a mail: to whom, the subject and the plain text."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    body = mail.get_body(preferencelist=("plain", "html"))
    text = body.get_content().strip() if body is not None else ""
    rule = "─" * 72
    return f"{rule}\nFrom:    {mail['From']}\nTo:      {mail['To']}\nSubject: {mail['Subject']}\n\n{text}\n{rule}"


class _Catcher:
    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self._show(readable(envelope.content))
        return "250 shown"
