"""Mail by Resend.

Sources: https://resend.com/docs/api-reference/emails/send-email (what is sent),
https://resend.com/docs/api-reference/errors (how it refuses),
https://resend.com/docs/dashboard/emails/idempotency-keys (what is sent once only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.errors import HeaderParseError
from email.utils import formataddr
from hashlib import sha256
from typing import Any, Final

from opsknight.carriers import ResendSettings
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Sent,
    unset,
)
from opsknight.jobs.channels.http import Answer, Called, Caller
from opsknight.jobs.channels.mails import headers, html, line, name_and_address, recipient, text, unwritten

_ITS_OWN: Final = frozenset({"From", "To", "Reply-To", "Subject", "Date", "Message-ID"})
"""Headers that Resend writes itself."""
_UNDER_WAY: Final = "concurrent_idempotent_requests"
_KNOWN: Final = "invalid_idempotent_request"
"""A mail of this key was sent within 24 hours, in other words."""


def missing(ground: Ground) -> str:
    """Return what an operator has to set first, "" where nothing is missing."""
    return unset("Resend", "OPSKNIGHT_RESEND_", {"API_KEY": ground.read(ResendSettings).api_key})


def make(ground: Ground) -> Mails:
    """Return the carrier as the settings want it."""
    return Mails(ground.read(ResendSettings), sender=ground.settings.mail_from, home=ground.home, now=ground.now)


class Mails:
    """Sends mail under the notification's own key, so that a repeat after a crash is there once."""

    def __init__(
        self, its: ResendSettings, *, sender: str, home: str, now: Callable[[], datetime], budget_s: float = BUDGET_S
    ) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._sender = sender
        self._home = home
        self._caller = Caller("Resend", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand the mail over; a possible repeat that Resend has already is sent."""
        try:
            asked = self._asked(message, address.value)
        except (ValueError, HeaderParseError):
            return unwritten(address.value)
        answer = await self._call(asked, key=str(message.notification_id))
        if _is_known(answer):
            if message.possible_repeat:
                return Sent(detail="Resend has this mail already, in its former words.")
            # It was surely not sent before, so what Resend knows of it was a refusal.
            words = sha256(repr(asked).encode()).hexdigest()[:16]
            answer = await self._call(asked, key=f"{message.notification_id}/{words}")
        if not isinstance(answer, Answer):
            return answer
        return self._caller.named(str(answer.fields().get("id") or "")) if answer.ok else self._refused(answer)

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _call(self, asked: Mapping[str, Any], *, key: str) -> Called:
        said = {"Authorization": f"Bearer {self._its.api_key}", "Idempotency-Key": key}
        return await self._caller.call("POST", f"{self._its.url.rstrip('/')}/emails", json=asked, headers=said)

    def _asked(self, message: Message, to: str) -> Mapping[str, Any]:
        said = dict(headers(message, to=to, sender=self._sender, home=self._home))
        name, plain = name_and_address(self._sender)
        return {
            "from": formataddr((name, plain)) if name.isascii() else f"{name} <{plain}>",
            "to": [recipient(to)],
            **({"reply_to": message.replies_to} if message.replies_to else {}),
            "subject": said["Subject"] or "OpsKnight",
            "text": text(message),
            "html": html(message),
            "headers": {each: value for each, value in said.items() if each not in _ITS_OWN},
        }

    def _refused(self, answer: Answer) -> Outcome:
        said = answer.fields()
        name, words = str(said.get("name") or ""), line(str(said.get("message") or ""))[:200]
        outcome = self._caller.judged(answer, words=words or None)
        if not isinstance(outcome, Failed):
            return outcome
        if answer.status == 409 and name == _UNDER_WAY:
            return Ambiguous(outcome.reason, Fault.PROVIDER)
        if answer.status in (400, 422) and "`to`" in words:
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome


def _is_known(answer: Called) -> bool:
    return isinstance(answer, Answer) and answer.status == 409 and answer.fields().get("name") == _KNOWN
