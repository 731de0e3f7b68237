"""Mails, from anything that can send them: raw as the mail listener or a script hands them over, or as JSON.

Sources: RFC 5322 (mails), RFC 2045 to 2047 (their parts and words). What a mail asks for is decided by
the integration's conditions, else by the usual words in its subject (domain/model/mail_words.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import as_object, filled, first, instant, is_object, link, scoped, text, titled
from opsknight.domain.model.event import Event, Link, Malformed, NotMeant, Unreadable
from opsknight.domain.model.mail import Mail, read_mail
from opsknight.domain.model.mail_automatic import why_none_meant_it
from opsknight.domain.model.mail_conditions import conditions_of, identity, read
from opsknight.domain.model.mail_text import clean, of_html

SLUG: Final = "email"
OUR_ADDRESS: Final = "opsknight-sends-from"
"""The header by which the mail listener says from which address we send ourselves."""
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"')\]}]{1,2000}")
_LINKS: Final = 5
_FROM: Final = ("from", "sender")
_TEXT: Final = ("text", "body", "plain")
_REFUSAL: Final = "The mail has neither a subject nor a text, so nothing in it says what is wrong."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of a mail, none for one that pages nobody.

    Raises:
        NotMeant: it is a bounce, an automatic answer, or one of our own.
        Malformed: it says nothing.
    """
    if not isinstance(payload, Mail):
        if not is_object(payload):
            raise Malformed("A mail as JSON is an object with from, subject and text.")
        if context.may_exceed and (reason := excess(payload)):
            return [Unreadable(reason)]
        payload = _from_json(payload)
    if reason := why_none_meant_it(payload, ours=context.headers.get(OUR_ADDRESS, "")):
        raise NotMeant(reason)
    if not payload.subject and not payload.text.strip():
        raise Malformed(_REFUSAL)
    conditions = conditions_of(context.mapping)
    said = read(payload, conditions)
    if said.action is None:
        return []
    return [
        Event(
            action=said.action,
            dedup_key=scoped(SLUG, identity(payload, conditions)),
            title=titled(payload.subject.strip("* "), payload.text.strip()[:1000], otherwise="Mail"),
            severity=said.severity,
            source=payload.sender[:320],
            occurred_at=payload.sent_at,
            links=_links(payload.text),
            details=filled(
                {
                    "from": " ".join(filter(None, (payload.sender_name, f"<{payload.sender}>"))),
                    "text": payload.text,
                    "attachments": list(payload.attachments),
                }
            ),
        )
    ]


def _from_json(said: Said) -> Mail:
    """Return the mail that a JSON object tells of."""
    try:
        name, address = parseaddr(first(said, _FROM)[:1000])
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        name, address = "", ""
    return Mail(
        sender=clean(address).casefold(),
        sender_name=clean(name),
        subject=" ".join(clean(text(said.get("subject"))).split()),
        text=clean(first(said, _TEXT)) or of_html(clean(text(said.get("html")))),
        sent_at=instant(said.get("date")),
        headers={name.lower(): text(value) for name, value in as_object(said.get("headers")).items()},
    )


def _links(said: str) -> tuple[Link, ...]:
    found = dict.fromkeys(one[0].rstrip(".,;:!?") for one in _ADDRESS.finditer(said))
    links = (link(address) for address in list(found)[:_LINKS])
    return tuple(one for one in links if one is not None)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="E-mail",
    docs_url="docs/mail-in.md",
    normalise=normalise,
    where="In anything that can send mail, as the address to notify; from a shell, to try it",
    setup=(
        'echo "91 % used" | mail -s "PROBLEM: disk full on db-1" {key}@{mail_host}\n'
        'echo "12 % used" | mail -s "RESOLVED: disk full on db-1" {key}@{mail_host}'
    ),
    sample={
        "from": "OpsKnight <opsknight@example.com>",
        "subject": "Info: test mail of OpsKnight",
        "text": "Mails for this integration are taken. Resolve it, or send the same with “Resolved:” before it.",
    },
    verify=None,
    mail=read_mail,
    once=("message-id",),
)
