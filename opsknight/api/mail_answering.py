"""An answer to a mail: acted on in the name of whom the mail was sent to, and told by mail what came of it.

As an answer to a text, with these differences: it is about the mail that it answers, not about the last one; it is
heard for as long as the links in that mail; and it switches nothing off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from opsknight.api import drill_links
from opsknight.api.again import again
from opsknight.api.answering import Answerer, fulfil
from opsknight.crypto import sha256
from opsknight.deps import Deps
from opsknight.domain.commands import receipts, replies
from opsknight.domain.model.link import LIVES, DrillClaims
from opsknight.domain.model.mail_reply import HELP, first_own_line
from opsknight.domain.model.notification import ASKED_FOR, PageKind
from opsknight.domain.model.reply import Consent, Wish, read
from opsknight.domain.model.speech import later, say, speaking
from opsknight.domain.queries.people import language_of
from opsknight.domain.queries.replies import Mailed, mailed, told_by
from opsknight.errors import Forbidden, NotFound

CARRIER: Final = "mail"
CHANNEL: Final = "email"
ARRIVED: Final = later("Thank you: the message arrived, and OpsKnight knows it now.")
OF_NONE: Final = later("That mail was about no incident. Say which one: 12a acknowledges #12.")
TOO_OLD: Final = later("The mail that you answered is more than a day old, so nothing was done. Open OpsKnight to act.")


@dataclass(frozen=True, slots=True)
class Written:
    """One answer: to which message, what every retry of it has in common ("" for nothing), its bytes and its text."""

    notification_id: UUID
    once: str
    mail: bytes = field(repr=False)
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        """What tells it from every other answer."""
        known = self.once.encode("utf-8", "surrogateescape") if self.once else self.mail
        return sha256(self.notification_id.bytes + known).hex()


async def answer_mail(deps: Deps, written: Written) -> str:
    """Do what an answer asks for and say so by a mail to the same person; return the sentence.

    One that came before is done already: nothing happens. Whoever is not active any more, or does not have the
    address any more, is nobody.
    """
    async with deps.reading() as session:
        mail = await mailed(session, written.notification_id)
        if mail is None:
            return ""
        language = await language_of(session, mail.user_id)
    name = replies.Name(CARRIER, written.name, f"user:{mail.user_id}")

    async def begun() -> str | None:
        async with deps.commands("system:answer") as uow:
            return await replies.begin(uow, name)

    if (done := await again(begun)) is not None:
        return done
    asked = read(first_own_line(written.text))
    wanted = None if isinstance(asked, Consent) else asked
    with speaking(language):
        sentence = say(HELP) if wanted is None else await _act(deps, written.notification_id, mail, wanted, name)

    async def ended() -> bool:
        async with deps.commands("system:answer") as uow:
            if wanted is not None:
                await receipts.seen(uow, written.notification_id)
            is_told = await replies.end(
                uow,
                name,
                channel=CHANNEL,
                user_id=mail.user_id,
                sentence=sentence,
                understood=wanted is not None,
                by_message=False,
            )
            if is_told:
                await replies.say(uow, mail.contact_method_id, user_id=mail.user_id, sentence=sentence)
        return is_told

    return sentence if await again(ended) else ""


async def _act(deps: Deps, notification_id: UUID, mail: Mailed, wanted: Sequence[Wish], name: replies.Name) -> str:
    if deps.clock.now() - mail.sent_at >= LIVES:
        return say(TOO_OLD)
    async with deps.reading() as session:
        told = await told_by(session, notification_id)
    is_about_it = any(wish.number is None and not wish.every for wish in wanted)
    if is_about_it and mail.kind is PageKind.DRILL:
        return await _of_drill(deps, DrillClaims(mail.user_id, notification_id))
    if is_about_it and not any(one.message == notification_id for one in told):
        return say(ARRIVED if mail.kind in ASKED_FOR else OF_NONE)
    return await fulfil(deps, wanted, Answerer(mail.user_id, CHANNEL, name), told)


async def _of_drill(deps: Deps, drill: DrillClaims) -> str:
    try:
        return await drill_links.answer(deps, drill, via="mail reply")
    except (Forbidden, NotFound) as refusal:
        return str(refusal)
