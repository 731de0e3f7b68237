"""What comes back to the mails that we send: reports of mail servers about them, and answers of whom they went to.

The address itself proves to which message something belongs, so an answer acts in the name of whom that was sent to,
and what is said to it goes to that person's own address, whatever the answer says of its sender.
"""

from __future__ import annotations

import asyncio
from email.utils import parseaddr
from typing import Final
from uuid import UUID

import structlog

from opsknight.api.again import again
from opsknight.api.mail_answering import Written, answer_mail
from opsknight.deps import Deps
from opsknight.domain.commands import receipts
from opsknight.domain.model.event import Malformed
from opsknight.domain.model.mail import read_mail
from opsknight.domain.model.mail_automatic import by_a_machine
from opsknight.domain.model.mail_reply import own_html
from opsknight.domain.model.mail_report import Became, Report, read_report
from opsknight.domain.queries.replies import address_of, under_way
from opsknight.mail_back import MailBack

log = structlog.get_logger(__name__)

TAKEN: Final = "250 2.0.0 Taken"
TOO_EARLY: Final = "451 4.3.0 Not noted: the mail that it is about is still being handed over; send it again"
_PAUSES_S: Final = (0.3, 1.0, 2.0)
"""A mail server beside us may report sooner than our own handing over is written down."""


def back(deps: Deps) -> Back | None:
    """Return what hears what comes back to an installation's mails, None where nothing is heard."""
    mailbox = deps.mail_back
    if mailbox is None and deps.settings.mail_back:
        log.warning("nothing comes back to mails: OPSKNIGHT_MAIL_BACK is set, and OPSKNIGHT_MAIL_IN is not")
    return None if mailbox is None else Back(deps, mailbox, ours=parseaddr(deps.settings.mail_from)[1])


class Back:
    """Hears what comes to the mailbox `mailbox`; `ours` is the address from which we send."""

    def __init__(self, deps: Deps, mailbox: MailBack, *, ours: str) -> None:
        """Keep what is needed to act on it."""
        self._deps = deps
        self._mailbox = mailbox
        self._ours = ours

    def notification(self, address: str) -> UUID | None:
        """Return the message that a recipient stands for, None where the address is none of this mailbox.

        Raises:
            BadToken: it is one, and was never made by us.
        """
        return self._mailbox.notification(address) if self._mailbox.has(address) else None

    async def take(self, notification_id: UUID, mail: bytes, *, once: str) -> str:
        """Act on a mail and return the reply, once all that it changes is durable. What changes nothing is taken, too.

        `once` is the same for every retry of it, "" where nothing is.
        """
        report = read_report(mail)
        if report is not None:
            return await self._note(notification_id, report)
        try:
            letter = read_mail(mail, of_html=own_html)
        except Malformed:
            return TAKEN
        if why := by_a_machine(letter, ours=self._ours):
            log.info("a mail that came back asks for nothing", notification=str(notification_id), reason=why)
            return TAKEN
        await answer_mail(self._deps, Written(notification_id, once, mail, letter.text))
        return TAKEN

    async def _note(self, notification_id: UUID, report: Report) -> str:
        """Write a report down; in any order, and as often as it comes."""
        log.info("a mail server reports of a mail", notification=str(notification_id), became=report.became)
        if report.became is Became.DELIVERED:
            await again(lambda: self._delivered(notification_id))
        elif report.became is Became.FAILED:
            return await self._failed(notification_id, report)
        return TAKEN

    async def _delivered(self, notification_id: UUID) -> None:
        async with self._deps.commands("system:receipt") as uow:
            await receipts.delivered(uow, notification_id)

    async def _failed(self, notification_id: UUID, report: Report) -> str:
        """Note that a mail came back; one that is still being handed over is waited for."""
        async with self._deps.reading() as session:
            address = await address_of(session, notification_id)
        gone = report.buries(address)

        async def once() -> bool:
            async with self._deps.commands("system:receipt") as uow:
                return await receipts.undelivered(uow, notification_id, detail=report.detail, gone=gone)

        for pause_s in (*_PAUSES_S, None):
            async with self._deps.reading() as session:
                is_early = await under_way(session, notification_id)
            if await again(once) or not is_early:
                return TAKEN
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        return TOO_EARLY
