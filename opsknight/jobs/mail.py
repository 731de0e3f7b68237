"""Mails that are no pages: sign-in links. Sent once, at once; who got none asks again."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlsplit

import aiosmtplib

from opsknight.jobs.channels.email import mail_server
from opsknight.settings import Settings

WITHIN_S: Final = 10.0


def mailer(settings: Settings) -> Callable[[str, str, str], Awaitable[object]] | None:
    """Return what sends one mail (address, subject, text), or None where there is no mail server.

    Raises:
        BadMailServer: OPSKNIGHT_SMTP_URL cannot be used.
    """
    if not settings.smtp_url:
        return None
    server = mail_server(settings.smtp_url)

    async def mail(address: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = settings.mail_from, address, subject
        message["Auto-Submitted"] = "auto-generated"
        message["X-OpsKnight"] = urlsplit(settings.address).hostname or "opsknight"
        message.set_content(text)
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls_from_start,
            start_tls=server.starttls,
            tls_context=ssl.create_default_context(cafile=server.ca_file) if server.ca_file else None,
            timeout=WITHIN_S,
        )

    return mail
