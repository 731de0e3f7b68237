"""The mail listener before a real database, and a mail client that speaks to it as others do."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from sqlalchemy import text

from opsknight.api.mail_in import listen
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from opsknight.settings import Settings
from tests.api.a_door import Door, a_door
from tests.builders import an_integration
from tests.clock import StoppedClock

FROM = "nagios@mon.example.org"


@dataclass
class Mailroom:
    """A listener on `port` with what is behind it."""

    door: Door
    port: int

    async def integration(self, **columns: Any) -> IntegrationRow:
        """Insert an e-mail integration and have it known."""
        row = await an_integration(self.door.database, **{"provider": "email", **columns})
        await self.door.deps.catalogue.load()
        return row

    async def send(self, mail: bytes, *to: str, sender: str = FROM) -> str:
        """Hand a mail over as a mail server does, and return the last reply."""
        return await asyncio.to_thread(hand_over, self.port, mail, to, sender)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.door.deps.reading() as session:
            return [tuple(row) for row in await session.execute(text(sql))]


@asynccontextmanager
async def a_mailroom(database: Database, clock: StoppedClock, **settings: Any) -> AsyncIterator[Mailroom]:
    """Listen on a port of its own."""
    said = Settings(_env_file=None, **{"mail_in": "127.0.0.1:0", **settings})
    async with a_door(database, clock) as door, listen(said, door.routes, clock=clock) as port:
        yield Mailroom(door, port)


def hand_over(port: int, mail: bytes, to: Sequence[str], sender: str = FROM) -> str:
    """Speak SMTP until a reply refuses something or the mail is taken; return that reply."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as talk:
        talk.ehlo()
        steps = [lambda: talk.mail(sender, ["BODY=8BITMIME", "SMTPUTF8"])]
        steps += [lambda address=address: talk.rcpt(address) for address in to]
        for step in (*steps, lambda: talk.data(mail)):
            code, said = step()
            if code >= 400:
                break
        return f"{code} {said.decode()}"


def a_mail(subject: str = "Disk full on db-1", body: str = "91 % used", **headers: str) -> bytes:
    """Return a mail as a script sends it; underscores in names of headers are hyphens."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = FROM, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
