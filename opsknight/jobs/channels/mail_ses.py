"""Mail by Amazon SES, over its API v2: the mail as it is, as any mail server would get it.

Sources: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html,
https://docs.aws.amazon.com/ses/latest/dg/header-fields.html (which headers it takes).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from email.errors import HeaderParseError
from typing import Any, Final

import orjson

from opsknight.aws import signature_headers
from opsknight.carriers import SesSettings
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    unset,
)
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.mails import composed, in_ascii, line, unwritten

_OPERATORS: Final = frozenset(
    {"AccountSuspendedException", "MailFromDomainNotVerifiedException", "NotFoundException", "SendingPausedException"}
)
"""What only the operator can mend."""
_UNVERIFIED: Final = "not verified"
"""Within a MessageRejected: the sender, or in the sandbox the recipient too, is none that SES may use."""


def missing(ground: Ground) -> str:
    """Return what an operator has to set first, "" where nothing is missing."""
    its = ground.read(SesSettings)
    wanted = {"REGION": its.region, "ACCESS_KEY_ID": its.access_key_id, "SECRET_ACCESS_KEY": its.secret_access_key}
    return unset("Amazon SES", "OPSKNIGHT_SES_", wanted)


def make(ground: Ground) -> Mails:
    """Return the carrier as the settings want it."""
    return Mails(ground.read(SesSettings), sender=ground.settings.mail_from, home=ground.home, now=ground.now)


class Mails:
    """Sends mail as it is composed; SES writes a Message-ID of its own into it."""

    def __init__(
        self, its: SesSettings, *, sender: str, home: str, now: Callable[[], datetime], budget_s: float = BUDGET_S
    ) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._sender = sender
        self._home = home
        self._now = now
        origin = its.url.rstrip("/") or f"https://email.{its.region}.amazonaws.com"
        self._url = f"{origin}/v2/email/outbound-emails"
        self._caller = Caller("Amazon SES", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand the mail over; the name of a refusal decides."""
        try:
            body = orjson.dumps(self._asked(message, address.value))
        except (ValueError, HeaderParseError):
            return unwritten(address.value)
        answer = await self._caller.call("POST", self._url, body=body, headers=self._signed(body))
        if not isinstance(answer, Answer):
            return answer
        if answer.ok:
            return self._caller.named(str(answer.fields().get("MessageId") or ""))
        return self._refused(answer)

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _asked(self, message: Message, to: str) -> Mapping[str, Any]:
        mail = composed(message, to=to, sender=self._sender, home=self._home)
        asked: dict[str, Any] = {
            "Content": {"Raw": {"Data": base64.b64encode(mail).decode()}},
            "Destination": {"ToAddresses": [in_ascii(to)]},
        }
        if self._its.configuration_set:
            asked["ConfigurationSetName"] = self._its.configuration_set
        return asked

    def _signed(self, body: bytes) -> Mapping[str, str]:
        token = {"x-amz-security-token": self._its.session_token} if self._its.session_token else {}
        return signature_headers(
            "POST",
            self._url,
            {"content-type": "application/json", **token},
            body,
            region=self._its.region,
            service="ses",
            key=(self._its.access_key_id, self._its.secret_access_key),
            at=self._now(),
        )

    def _refused(self, answer: Answer) -> Outcome:
        name = answer.headers.get("x-amzn-ErrorType", "").partition(":")[0]
        said = answer.fields()
        words = line(str(said.get("message") or said.get("Message") or ""))[:200]
        outcome = self._caller.judged(answer, words=": ".join(part for part in (name, words) if part) or None)
        if not isinstance(outcome, Failed):
            return outcome
        if name == "LimitExceededException":
            return Retry(outcome.reason, Fault.THROTTLED, after=self._caller.patience(answer))
        if name in _OPERATORS or (name == "MessageRejected" and _UNVERIFIED in words):
            return Failed(outcome.reason, Fault.SETTINGS)
        if name == "BadRequestException":  # of all that a mail of ours says, only the recipient is not ours
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome
