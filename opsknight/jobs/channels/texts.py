"""What a message says on a phone: as a text of two segments at most, and read out."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Protocol

from opsknight.domain.model import sms
from opsknight.domain.model.notification import PAGING, PageKind, Sent
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import Message

SPOKEN_AT_MOST: Final = 300
"""Characters of a cause that are read out: about 20 s."""
ANSWERED: Final = PAGING | {PageKind.STILL_ON_IT}
"""What an answer of one word, or one key, is asked for."""
_LISTED_AT_MOST: Final = 4


def texted(message: Message, *, replies: bool) -> str:
    """Return `message` as a text; `replies` says that an answer to it comes back to us.

    The first line, then why it comes now, where that is told and fits beside the whole of it, and how to answer, or
    where to look. A summary names as many incidents as fit.
    """
    about_incidents = message.kind in ANSWERED
    if about_incidents and message.number is not None:
        how = say("Reply {number}a to acknowledge.", number=message.number)
        return _with_why(message, how if replies else message.url)
    if about_incidents:
        asks = message.kind is PageKind.STILL_ON_IT
        how = say("Reply yes to keep them all.") if asks else say("Reply ack all to acknowledge.")
        return _summary(message, how if replies else message.url)
    if message.kind is PageKind.DRILL:
        return sms.fitted(message.subject, rest=say("Reply ack to acknowledge.") if replies else message.url)
    if message.incident_id is not None:
        return _with_why(message, message.url)
    return sms.fitted(f"{message.subject}\n{message.body}" if message.body else message.subject)


def is_number(sender: str) -> bool:
    """Say whether a text from `sender` can be answered: it is a number or a short code, and no name."""
    return not any(character.isalpha() for character in sender)


def _with_why(message: Message, rest: str) -> str:
    if message.why_now:
        longer = sms.plain("\n".join([" ".join(message.subject.split()), why_now(message), rest]))
        if sms.segments(longer) <= sms.SEGMENTS_AT_MOST:
            return longer
    return sms.fitted(message.subject, rest=rest)


def why_now(message: Message) -> str:
    """Return the sentence that says why a message comes before its planned time, "" where it does not."""
    return say("Why now: {reason}.", reason=message.why_now) if message.why_now else ""


def _summary(message: Message, rest: str) -> str:
    listed = [line for line in message.body.splitlines() if line.startswith("#")][:_LISTED_AT_MOST]
    for count in range(len(listed), 0, -1):
        text = sms.plain("\n".join([message.title, *listed[:count], *_more(listed[count:]), rest]))
        if sms.segments(text) <= sms.SEGMENTS_AT_MOST:
            return text
    return sms.fitted(message.subject, rest=rest)


def _more(left: list[str]) -> list[str]:
    return [say("and {count} more", count=len(left))] if left else []


class Priced(Protocol):
    """What an operator says of a carrier's prices; None is unknown."""

    @property
    def sms_price(self) -> Decimal | None:
        """What a segment costs."""
        ...

    @property
    def currency(self) -> str:
        """In which currency."""
        ...


def taken(provider_id: str, text: str, prices: Priced, *, detail: str = "") -> Sent:
    """Return that a text was taken, and what its segments cost."""
    if prices.sms_price is None:
        return Sent(provider_id, detail)
    return Sent(provider_id, detail, cost=prices.sms_price * sms.segments(text), currency=prices.currency)


def spoken(message: Message) -> str:
    """Return the cause of `message` as it is read out, and why it comes now where that is told."""
    text = " ".join(message.subject.replace(f" (#{message.number})", "").split())
    if len(text) > SPOKEN_AT_MOST:
        text = say("{beginning} and so on", beginning=text[:SPOKEN_AT_MOST].rsplit(" ", 1)[0])
    text = f"{text.rstrip('.')}."
    number = "" if message.number is None else say("Incident {number}.", number=message.number)
    return " ".join(part for part in (text, number, why_now(message)) if part)
