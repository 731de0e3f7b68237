"""Texts, calls and WhatsApp by Twilio.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, …/docs/voice/api/call-resource,
…/docs/voice/answering-machine-detection, …/docs/voice/twiml, …/docs/api/errors (codes),
…/docs/content (templates of WhatsApp).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

import orjson

from opsknight.carriers import TwilioSettings
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.sms import segments
from opsknight.domain.model.speech import later, say
from opsknight.domain.model.stopped import STOPPED
from opsknight.domain.model.web_address import refusal
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    unset,
)
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.texts import ANSWERED, is_number, spoken, texted, why_now

__all__ = ["Calls", "Texts", "TwilioSettings", "WhatsApp", "missing", "twiml"]

BAD_NUMBERS: Final = frozenset({21211, 21214, 21217, 21401, 21407, 21421, 21601, 21612, 21614, 63003, 63024})
"""Not a number, not a mobile one, not reachable, no WhatsApp account."""
FULL: Final = frozenset({10004, 21611, 63018})
"""Too many calls at once, a sender's queue is full, too much for WhatsApp: it passes."""
BY_STOP: Final = 21610
"""The person answered STOP to this sender; Twilio sends nothing until they answer START."""
OUR_SETTINGS: Final = frozenset({20003, 20404, 21210, 21212, 21213, 21215, 21216, 21408, 21603, 21606, 21607, 21659})
RING_S: Final = 30
"""Most voicemails answer after that; the next contact method has started before."""
LOOKED_AT: Final = 20
_SKEW: Final = timedelta(seconds=2)
"""Twilio's times are whole seconds, by a clock of its own."""
_LOST: Final = frozenset({"failed", "undelivered", "canceled", "busy", "no-answer"})
MENU: Final = later("Press 4 to acknowledge, 6 to resolve, 9 to escalate.")
SUMMARY_MENU: Final = later("Press 4 to acknowledge all of them.")
DRILL_MENU: Final = later("Press 4 to acknowledge.")


def missing(ground: Ground, sender: str) -> str:
    """Return what an operator has to set before `sender` ("sms_from") can be used, "" where nothing is missing."""
    its = ground.read(TwilioSettings)
    wanted = {"ACCOUNT_SID": its.account_sid, "AUTH_TOKEN": its.auth_token, sender.upper(): getattr(its, sender)}
    return unset("Twilio", "OPSKNIGHT_TWILIO_", wanted)


class _Twilio(ABC):
    """One resource of Twilio's API: creates one of it for each message."""

    resource: str

    def __init__(self, its: TwilioSettings, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._url = f"{its.url.rstrip('/')}/2010-04-01/Accounts/{its.account_sid}/{self.resource}.json"
        self._auth = (its.api_key, its.api_secret) if its.api_key else (its.account_sid, its.auth_token)
        self._caller = Caller("Twilio", now=now, budget_s=budget_s, allow_private=True)

    @classmethod
    def make(cls, ground: Ground) -> _Twilio:
        """Return it as the settings want it."""
        return cls(ground.read(TwilioSettings), now=ground.now)

    @abstractmethod
    def asked(self, message: Message, to: str) -> Mapping[str, str]:
        """Return the parameters with which the resource is created."""

    @abstractmethod
    def cost(self, created: Mapping[str, Any], sent: Mapping[str, str]) -> Decimal | None:
        """Return what it costs by the operator's prices, None where they say nothing."""

    async def send(self, message: Message, address: Address) -> Outcome:
        """Create it; Twilio's code decides where it is refused."""
        asked = self.asked(message, address.value)
        answer = await self._caller.call("POST", self._url, form=asked, auth=self._auth)
        return self._judged(answer, asked) if isinstance(answer, Answer) else answer

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _judged(self, answer: Answer, asked: Mapping[str, str]) -> Outcome:
        said = answer.fields()
        if answer.ok:
            cost = self.cost(said, asked)
            currency = self._its.currency if cost is not None else ""
            outcome = self._caller.named(str(said.get("sid") or ""))
            return replace(outcome, cost=cost, currency=currency) if isinstance(outcome, Sent) else outcome
        outcome = self._caller.judged(answer, words=str(said.get("message") or answer.words())[:200])
        code = said.get("code")
        if not isinstance(outcome, Failed) or not isinstance(code, int):
            return outcome
        if code in FULL:
            return Retry(outcome.reason, Fault.THROTTLED, after=self._caller.patience(answer))
        if code == BY_STOP:
            return Failed(STOPPED, Fault.ADDRESS, gone=True)
        if code in BAD_NUMBERS:
            return Failed(outcome.reason, Fault.ADDRESS)
        return Failed(outcome.reason, Fault.SETTINGS if code in OUR_SETTINGS else outcome.fault)

    async def _newest(self, to: str, *, since: datetime) -> list[Mapping[str, Any]]:
        """Return the newest of the resource that went `to` somebody since then and were not lost."""
        query = urlencode({"To": to, "PageSize": LOOKED_AT})
        answer = await self._caller.call("GET", f"{self._url}?{query}", auth=self._auth)
        if not isinstance(answer, Answer) or not answer.ok:
            return []
        found: Any = answer.fields().get(self.resource.lower()) or []
        return [one for one in found if _since(one, since) and one.get("status") not in _LOST]


class Texts(_Twilio):
    """Texts, from a number or a messaging service."""

    resource = "Messages"

    def asked(self, message: Message, to: str) -> Mapping[str, str]:
        """Return the text, and where to tell what became of it."""
        sender = self._its.sms_from
        by = {"MessagingServiceSid": sender} if _is_service(sender) else {"From": sender}
        return {"To": to, **by, "Body": self._text(message), **_called_back(message)}

    def _text(self, message: Message) -> str:
        """Return the text; how to answer it only where an answer comes back."""
        sender = self._its.sms_from
        return texted(message, replies=_can_call_back(message) and (_is_service(sender) or is_number(sender)))

    def cost(self, created: Mapping[str, Any], sent: Mapping[str, str]) -> Decimal | None:
        """Return the price of its segments."""
        count = _count(created.get("num_segments")) or segments(sent["Body"])
        return None if self._its.sms_price is None else self._its.sms_price * count

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:
        """Look for a text with the same number of an incident, or the same first line where it has none."""
        mark = (
            re.compile(rf"\b{message.number}a\b|#{message.number}\b")
            if message.number is not None
            else re.compile(re.escape(self._text(message)[:40]))
        )
        for one in await self._newest(address.value, since=since):
            if mark.search(str(one.get("body", ""))) and one.get("direction") != "inbound":
                return Sent(str(one.get("sid", ""))[:100], "Twilio had it already")
        return None


class WhatsApp(Texts):
    """WhatsApp messages, by the approved template of their kind where there is one."""

    def asked(self, message: Message, to: str) -> Mapping[str, str]:
        """Return the template's variables, or the text."""
        to, sender = f"whatsapp:{to}", f"whatsapp:{self._its.whatsapp_number}"
        template, values = self._templated(message)
        if not template:
            return {"To": to, "From": sender, "Body": self._text(message), **_called_back(message)}
        content = {"ContentSid": template, "ContentVariables": orjson.dumps(values).decode()}
        return {"To": to, "From": sender, **content, **_called_back(message)}

    def _text(self, message: Message) -> str:
        """Return the text; WhatsApp knows no sender that cannot be answered."""
        return texted(message, replies=_can_call_back(message))

    def _templated(self, message: Message) -> tuple[str, Mapping[str, str]]:
        """Return the template by which a message goes, "" for none, and its variables, which are one line each."""
        its = self._its
        if message.code:  # WhatsApp approves codes in templates for nothing else
            return its.whatsapp_code_sid, {"1": message.code}
        if message.number is not None:
            first = " ".join(f"{message.subject} {why_now(message)}".split())
            return its.whatsapp_content_sid, {"1": first, "2": str(message.number)}
        if message.kind is PageKind.REPLY:  # its reader has just written, so that WhatsApp delivers any text
            return "", {}
        return its.whatsapp_note_sid, {"1": " ".join(self._text(message).split())}

    def cost(self, created: Mapping[str, Any], sent: Mapping[str, str]) -> Decimal | None:  # noqa: ARG002  # one price
        """Return the price of a message, whatever its length."""
        return self._its.whatsapp_price

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:
        """Look for it among the messages to this WhatsApp account."""
        return await super().find(message, Address(f"whatsapp:{address.value}"), since=since)


class Calls(_Twilio):
    """Calls that read the cause out and take a key. A machine that answers is told apart and is nobody."""

    resource = "Calls"

    def asked(self, message: Message, to: str) -> Mapping[str, str]:
        """Return what is read out, and where keys and the call's fate are told."""
        asked = {
            "To": to,
            "From": self._its.voice_from,
            "Twiml": twiml(message, language=self._its.language),
            "Timeout": str(RING_S),
        }
        called_back = _called_back(message)
        if called_back:
            asked |= {
                **called_back,
                "MachineDetection": "Enable",
                "AsyncAmd": "true",
                "AsyncAmdStatusCallback": called_back["StatusCallback"],
            }
        return asked

    def cost(self, created: Mapping[str, Any], sent: Mapping[str, str]) -> Decimal | None:  # noqa: ARG002  # one price
        """Return the price of a call."""
        return self._its.voice_price

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:  # noqa: ARG002  # a call carries no mark
        """Look for a call to this number since then; of several nobody knows which was this one."""
        calls = [one for one in await self._newest(address.value, since=since) if one.get("direction") != "inbound"]
        return Sent(str(calls[0].get("sid", ""))[:100], "Twilio had it already") if len(calls) == 1 else None


def twiml(message: Message, *, language: str) -> str:
    """Return what a call reads out: the cause and what each key does, twice; then it hangs up."""
    opened = f"<Say language={quoteattr(language)}>"
    said = f"{opened}OpsKnight. {escape(spoken(message))}</Say>"
    menu = _menu(message)
    if menu is None or not _can_call_back(message):
        return f'<Response>{said}<Pause length="1"/>{said}</Response>'
    keys = f"{message.home}/api/v1/twilio/keys?notification={message.notification_id}"
    asked = f"{said}{opened}{escape(say(menu))}</Say>"
    gather = f'<Gather numDigits="1" timeout="6" action={quoteattr(keys)} method="POST">{asked}</Gather>'
    goodbye = escape(say("Goodbye."))
    return f"<Response>{gather * 2}{opened}{goodbye}</Say></Response>"


def _menu(message: Message) -> str | None:
    """Return which keys do something, None where none does."""
    if message.kind is PageKind.DRILL:
        return DRILL_MENU
    if message.carries and message.kind in ANSWERED:
        return SUMMARY_MENU
    return None if message.incident_id is None else MENU


def _is_service(sender: str) -> bool:
    """Say whether texts come from a messaging service, which has numbers of its own."""
    return sender.startswith("MG")


def _called_back(message: Message) -> Mapping[str, str]:
    """Return where Twilio tells what became of a message; nowhere where it cannot reach us."""
    if not _can_call_back(message):
        return {}
    return {"StatusCallback": f"{message.home}/api/v1/twilio/status?notification={message.notification_id}"}


def _can_call_back(message: Message) -> bool:
    return refusal(message.home, allow_private=False) is None


def _since(one: Mapping[str, Any], since: datetime) -> bool:
    try:
        return parsedate_to_datetime(str(one.get("date_created", ""))) >= since - _SKEW
    except ValueError:
        return False


def _count(said: Any) -> Decimal | None:
    try:
        return Decimal(str(said)) or None
    except InvalidOperation:
        return None
