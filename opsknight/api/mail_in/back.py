"""What comes back to the mails that we send: reports of mail servers about them, and answers of whom they went to.

The address itself proves to which message something belongs, so an answer acts in the name of whom that was sent to,
and what is said to it goes to that person's own address, whatever the answer says of its sender.
"""

from __future__ import annotations

from email.utils import parseaddr
from typing import Final
from uuid import UUID

import structlog

from opsknight.api.mail_answering import Written, answer_mail
from opsknight.api.mail_outcomes import note_mail
from opsknight.deps import Deps
from opsknight.domain.model.event import Malformed
from opsknight.domain.model.mail import read_mail
from opsknight.domain.model.mail_automatic import by_a_machine
from opsknight.domain.model.mail_reply import own_html
from opsknight.domain.model.mail_report import read_report
from opsknight.mail_back import MailBack

log = structlog.get_logger(__name__)

TAKEN: Final = "250 2.0.0 Taken"
TOO_EARLY: Final = "451 4.3.0 Not noted: the mail that it is about is still being handed over; send it again"


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
            log.info("a mail server reports of a mail", notification=str(notification_id), became=report.became)
            return TAKEN if await note_mail(self._deps, notification_id, report) else TOO_EARLY
        try:
            letter = read_mail(mail, of_html=own_html)
        except Malformed:
            return TAKEN
        if why := by_a_machine(letter, ours=self._ours):
            log.info("a mail that came back asks for nothing", notification=str(notification_id), reason=why)
            return TAKEN
        await answer_mail(self._deps, Written(notification_id, once, mail, letter.text))
        return TAKEN
