"""What the mail listener does with a mail: finds its integrations, stores it by the one way in, and answers.

An answer of 250 leaves after the commit. 451 and 452 ask the sender to come again, 5xx not to.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog

from opsknight import metrics
from opsknight.api.bodies import Headers
from opsknight.api.drop_in.door import Reception
from opsknight.api.gate import HOLD_S
from opsknight.api.ingest_answers import Problem
from opsknight.api.mail_in.back import Back
from opsknight.api.providers.email import OUR_ADDRESS, SLUG
from opsknight.api.taking import MAIL
from opsknight.crypto import BadToken
from opsknight.deps import retryable
from opsknight.domain.model.event import NotMeant
from opsknight.domain.queries.catalogue import Integration
from opsknight.errors import TurnedAway, Unavailable

log = structlog.get_logger(__name__)

MAX_MAIL: Final = 10 * 1024 * 1024
"""Bytes of a mail as it is sent, with all that is attached."""
MAX_KEPT: Final = 1024 * 1024 - 1024
"""Bytes that are kept of one, without attachments; with our own line before it, a MiB at most."""

UNKNOWN: Final = "550 5.1.1 No e-mail integration has this address; copy it from Services > Integrations"
UNASKED: Final = "550 5.1.1 No mail of OpsKnight asks for an answer to this address"
NOT_OURS: Final = "550 5.7.1 Mail for this domain is not taken here"
LATER: Final = "451 4.3.0 Not stored: the database does not answer; send it again"
MISTAKE: Final = "451 4.3.0 Not stored: a mistake of OpsKnight's own; send it again"
TOO_LARGE: Final = "552 5.3.4 The mail is larger than the 10 MB that are taken"
THROTTLED: Final = "452 4.3.1 Not stored: this integration sends more than its share; send it again"


@dataclass(slots=True)
class Refused(Exception):
    """A recipient or a mail that is not taken, with the reply that says so."""

    reply: str


@dataclass(slots=True)
class Wanted:
    """Whom a mail is for so far: integrations, and messages of ours to which it comes back."""

    integrations: list[Integration] = field(default_factory=list[Integration])
    messages: list[UUID] = field(default_factory=list[UUID])

    def __len__(self) -> int:
        return len(self.integrations) + len(self.messages)

    def add(self, one: Integration | UUID) -> None:
        """Add one that may be there already: by its former key as well, for example."""
        if isinstance(one, UUID):
            self.messages += [] if one in self.messages else [one]
        elif one.id not in {each.id for each in self.integrations}:
            self.integrations.append(one)


class Mailroom:
    """Takes mails for integrations of the kind e-mail; `domain` is theirs, "" for any.

    `ours` is the address from which we send ourselves, `back` takes what comes back to that, where it shall.
    """

    def __init__(self, reception: Reception, *, domain: str, ours: str, back: Back | None = None) -> None:
        """Store what comes by `reception`, as everything else that is sent."""
        self._reception = reception
        self._domain = domain.casefold()
        self._ours = ours.encode("ascii", "ignore")
        self._back = back

    async def recipient(self, address: str) -> Integration | UUID:
        """Return whom an address stands for: the integration of KEY@, KEY+anything@ or anything+KEY@, or a message.

        Raises:
            Refused: there is none, or nobody can say now.
        """
        try:
            message = self._back.notification(address) if self._back is not None else None
        except BadToken:
            raise Refused(UNASKED) from None
        return message if message is not None else await self._integration(address)

    async def _integration(self, address: str) -> Integration:
        local, _, domain = address.rpartition("@")
        if self._domain and domain.casefold() != self._domain:
            raise Refused(NOT_OURS)
        parts = local.casefold().split("+")
        for key in dict.fromkeys((parts[0], parts[-1])):
            try:
                found = await self._reception.integration(key) if key else None
            except Unavailable as unavailable:
                raise Refused(LATER) from unavailable
            if found is not None and found.provider == SLUG:
                return found
        raise Refused(UNKNOWN)

    async def take(self, wanted: Wanted, sender: str, mail: bytes, *, once: str) -> str:
        """Store a mail for each of `wanted` and return the reply, once it is durable.

        `once` is the same for every retry of it, "" where nothing is. With more than one, the worst
        that may be mended by a retry is answered: what was stored already is known again by `once`.
        """
        body = b"Return-Path: <%s>\r\n%s" % (sender.strip("<>").encode("utf-8", "surrogateescape"), mail)
        replies = [await self._stored(integration, body, once) for integration in wanted.integrations]
        replies += [await self._came_back(message, body, once) for message in wanted.messages]
        later = [reply for reply in replies if reply.startswith("4")]
        taken = [reply for reply in replies if reply.startswith("2")]
        reply = (later or taken or replies)[0]
        if not reply.startswith("2"):
            metrics.REFUSED.labels(reply[:3]).inc()
        return reply

    async def keep_too_large(self, integrations: Sequence[Integration], beginning: bytes, size: int) -> None:
        """Keep the beginning of a mail that is refused for its size, and let its integrations' people know."""
        headers = Headers([(b"content-type", MAIL), (b"content-length", str(size).encode())])
        for integration in integrations:
            try:
                await self._reception.body(_whole(beginning), headers, MAX_MAIL, integration)
            except Problem:
                metrics.REFUSED.labels(TOO_LARGE[:3]).inc()

    async def _came_back(self, message: UUID, body: bytes, once: str) -> str:
        if self._back is None:
            return UNASKED
        try:
            return await self._back.take(message, body, once=once)
        except Exception as error:  # whatever it is, the sender is told to come again
            if retryable(error):
                return LATER
            log.exception("a mail that came back could not be acted on")
            return MISTAKE

    async def _stored(self, integration: Integration, body: bytes, once: str) -> str:
        headers = [(b"content-type", MAIL), (OUR_ADDRESS.encode(), self._ours)]
        if once:
            headers.append((b"message-id", once.encode("utf-8", "surrogateescape")))
        try:
            receipt, _ = await self._reception.store(integration, Headers(headers), body)
        except Problem as problem:
            await _hold(problem.__cause__)
            return _refusal(problem)
        except Unavailable as unavailable:
            await _hold(unavailable)
            return LATER
        except Exception:  # whatever it is, the sender is told to come again
            log.exception("a mail could not be stored")
            return MISTAKE
        return f"250 2.0.0 Stored as {receipt.delivery_id}"


async def _hold(why: BaseException | None) -> None:
    """Wait before a refusal that cost no waiting: at once, it makes scripts hammer."""
    if isinstance(why, TurnedAway):
        await asyncio.sleep(HOLD_S)


def _refusal(problem: Problem) -> str:
    """Return the reply to a mail that was not understood, or not taken now."""
    if problem.status in (429, 503):
        return THROTTLED if problem.status == 429 else LATER
    if problem.delivery_id is None:  # it could not be kept
        return LATER
    if isinstance(problem.__cause__, NotMeant):  # kept; a refusal would make a mail server write one more of its kind
        return f"250 2.0.0 Kept, and nothing was opened: {_ascii(problem.sentence)}"
    return f"554 5.6.0 {_ascii(problem.sentence)}"


def _ascii(sentence: str) -> str:
    return sentence.encode("ascii", "replace").decode()[:400]


def _whole(body: bytes) -> Any:
    """Return what gives `body` as a request that has come in whole."""

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
