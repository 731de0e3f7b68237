"""Mails that go out for real, and what comes back to them by the real listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx

from opsknight.api import mail_in
from opsknight.api.ingest import IngestRoutes
from opsknight.api.intake import Intake
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, NotificationRow, UserRow
from tests.api.a_mailroom import hand_over
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.clock import StoppedClock
from tests.jobs.pager import Pager, a_pager
from tests.peers.smtp import Mail

MAILBOX = "opsknight@pages.example.com"


@dataclass
class Office:
    """A pager whose mails have a way back, and the port to which that leads."""

    pager: Pager
    port: int
    answers: int = 0

    async def hand_in(self, mail: bytes, *to: str, sender: str = "") -> str:
        """Hand a mail to the listener as a mail server does, and return its last reply."""
        return await asyncio.to_thread(hand_over, self.port, mail, to, sender)

    async def a_mailed_page(self, incident: IncidentRow | None = None, **of_page: Any) -> Page:
        """Page a new person by mail, with a push a minute later; the mail is due now."""
        incident = incident or await self.pager.an_incident()
        user = await a_user(self.pager.database, reachable=False)
        mailbox, browser = await a_contact_method(self.pager.database, user), await self.pager.a_browser(user)
        page = await a_page(self.pager.database, incident, user, **of_page)
        mail = await a_notification(self.pager.database, page, mailbox, position=0)
        later = page.due_at.replace(hour=page.due_at.hour + 1)
        push = await a_notification(self.pager.database, page, browser, position=1, due_at=later)
        return Page(user, incident, mail, push)

    async def mailed(self, page: Page) -> Mail:
        """Return the mail of a page once it was taken by the mail server, and that is written down."""
        await self.pager.becomes("accepted", page.mail)
        return self.pager.smtp.to(page.user.email)[-1]

    async def answer(self, mail: Mail, words: str, *, once: str = "", **headers: str) -> str:
        """Answer a mail as people's programs do, quoting it; return the listener's reply."""
        self.answers += 1
        quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
        said = EmailMessage()
        said["From"], said["To"] = mail.to[0], str(mail.message["Reply-To"])
        said["Subject"], said["In-Reply-To"] = f"Re: {mail.message['Subject']}", str(mail.message["Message-ID"])
        said["Message-ID"] = once or f"<{self.answers}@mail.example.com>"
        for name, value in headers.items():
            said[name.replace("_", "-")] = value
        said.set_content(f"{words}\n\nOn Sun, Nov 29, 2026 at 12:00 PM OpsKnight <{said['To']}> wrote:\n\n{quoted}\n")
        raw = said.as_bytes(policy=said.policy.clone(linesep="\r\n"))
        return await self.hand_in(raw, str(said["To"]), sender=mail.to[0])

    async def said_to(self, page: Page) -> list[str]:
        """Return what was said to the person's answers, in order."""
        sql = "SELECT reason FROM pages WHERE kind = 'reply' AND user_id = :id ORDER BY id"
        return [reason for (reason,) in await self.pager.rows(sql, id=page.user.id)]

    async def incident(self, page: Page) -> tuple[str, int | None]:
        """Return the status of a page's incident, and whose it is."""
        sql = "SELECT status, assignee_id FROM incidents WHERE id = :id"
        ((status, assignee_id),) = await self.pager.rows(sql, id=page.incident.id)
        return status, assignee_id

    async def address_is_off(self, page: Page) -> bool:
        """Say whether the person's mail address was switched off."""
        sql = "SELECT disabled_at IS NOT NULL FROM contact_methods WHERE id = :id"
        return (await self.pager.rows(sql, id=page.mail.contact_method_id))[0][0]


@dataclass
class Page:
    """One person, what they are paged for, the mail that tells them and the push that follows it."""

    user: UserRow
    incident: IncidentRow
    mail: NotificationRow
    push: NotificationRow


@asynccontextmanager
async def an_office(database: Database, clock: StoppedClock, **more: Any) -> AsyncIterator[Office]:
    """Open one, on a port of its own and with `more` settings."""
    async with a_pager(database, clock, mail_back=MAILBOX, mail_in="127.0.0.1:0", **more) as pager:
        deps = pager.deps
        routes = IngestRoutes(
            httpx.ASGITransport,  # type: ignore[arg-type]
            intake=Intake([], clock=clock, committed=print),
            clock=clock,
            catalogue=deps.catalogue,
        )
        async with mail_in.listen(deps.settings, routes, clock=clock, back=mail_in.back(deps)) as port:
            yield Office(pager, port)
