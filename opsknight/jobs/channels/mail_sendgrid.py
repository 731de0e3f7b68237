"""Mail by SendGrid, over its v3 API.

Sources: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (what is sent),
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (how it refuses),
https://www.twilio.com/docs/sendgrid/glossary/x-message-id (how it calls a mail).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.errors import HeaderParseError
from typing import Any, Final, cast

from opsknight.carriers import SENDGRID_MESSAGE as MESSAGE
from opsknight.carriers import SendgridSettings
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Sent,
    Urgency,
    unset,
)
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.mails import headers, html, line, name_and_address, recipient, text, unwritten

_ITS_OWN: Final = frozenset({"From", "To", "Reply-To", "Subject", "Date"})
"""Headers that SendGrid writes from the fields of a request, and takes no others for."""


def missing(ground: Ground) -> str:
    """Return what an operator has to set first, "" where nothing is missing."""
    return unset("SendGrid", "OPSKNIGHT_SENDGRID_", {"API_KEY": ground.read(SendgridSettings).api_key})


def make(ground: Ground) -> Mails:
    """Return the carrier as the settings want it."""
    return Mails(ground.read(SendgridSettings), sender=ground.settings.mail_from, home=ground.home, now=ground.now)


class Mails:
    """Sends mail whose links lead where they say: nothing is counted on the way."""

    def __init__(
        self,
        its: SendgridSettings,
        *,
        sender: str,
        home: str,
        now: Callable[[], datetime],
        budget_s: float = BUDGET_S,
    ) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._sender = sender
        self._home = home
        self._caller = Caller("SendGrid", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand the mail over; it is SendGrid's when that says 202."""
        try:
            asked = self._asked(message, address.value)
        except (ValueError, HeaderParseError):
            return unwritten(address.value)
        key = {"Authorization": f"Bearer {self._its.api_key}"}
        url = f"{self._its.url.rstrip('/')}/v3/mail/send"
        answer = await self._caller.call("POST", url, json=asked, headers=key)
        if not isinstance(answer, Answer):
            return answer
        its_name = str(answer.headers.get("X-Message-Id", ""))
        if answer.status == 202:  # nobody between says that
            return Sent(its_name[:100])
        if answer.ok:
            return self._caller.named(its_name)
        return self._refused(answer)

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _asked(self, message: Message, to: str) -> Mapping[str, Any]:
        said = dict(headers(message, to=to, sender=self._sender, home=self._home))
        name, plain = name_and_address(self._sender)
        to_name = {"name": line(message.to_name)} if message.to_name else {}
        return {
            "personalizations": [{"to": [{"email": recipient(to), **to_name}]}],
            "from": {"email": plain, "name": name},
            **({"reply_to": {"email": message.replies_to}} if message.replies_to else {}),
            "subject": said["Subject"] or "OpsKnight",
            "content": [
                {"type": "text/plain", "value": text(message)},
                {"type": "text/html", "value": html(message)},
            ],
            "custom_args": {MESSAGE: str(message.notification_id)},
            "headers": {each: value for each, value in said.items() if each not in _ITS_OWN},
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
            },
            # SendGrid drops without a word what goes to an address that once bounced or unsubscribed.
            "mail_settings": {"bypass_list_management": {"enable": message.urgency is Urgency.HIGH}},
        }

    def _refused(self, answer: Answer) -> Outcome:
        errors = answer.fields().get("errors")
        first: Any = cast("list[Any]", errors)[0] if isinstance(errors, list) and errors else {}
        said: Mapping[str, Any] = cast("Mapping[str, Any]", first) if isinstance(first, dict) else {}
        outcome = self._caller.judged(answer, words=line(str(said.get("message") or ""))[:200] or None)
        field = str(said.get("field") or "")
        if isinstance(outcome, Failed) and answer.status == 400 and field.startswith("personalizations.0.to"):
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome
