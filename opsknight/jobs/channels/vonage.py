"""Texts by Vonage, over its Messages API.

Sources: https://developer.vonage.com/en/api/messages (sending, errors),
https://developer.vonage.com/en/messages/concepts/messages-status-callbacks (what it tells afterwards).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from opsknight.carriers import VonageSettings
from opsknight.domain.model.web_address import refusal
from opsknight.jobs.channels.channel import BUDGET_S, Address, Failed, Fault, Ground, Message, Outcome, Sent, unset
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.texts import is_number, taken, texted


def missing(ground: Ground) -> str:
    """Return what an operator has to set first, "" where nothing is missing."""
    its = ground.read(VonageSettings)
    wanted = {"API_KEY": its.api_key, "API_SECRET": its.api_secret, "SMS_FROM": its.sms_from}
    return unset("Vonage", "OPSKNIGHT_VONAGE_", wanted)


def unpriced(ground: Ground) -> str:
    """Return the setting that would say what a text costs, "" where that is known: Vonage tells who verifies it."""
    its = ground.read(VonageSettings)
    return "" if its.signature_secret or its.sms_price is not None else "OPSKNIGHT_VONAGE_SMS_PRICE"


def make(ground: Ground) -> Texts:
    """Return the carrier as the settings want it."""
    return Texts(ground.read(VonageSettings), now=ground.now)


class Texts:
    """Sends texts."""

    def __init__(self, its: VonageSettings, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._caller = Caller("Vonage", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand the text over; it is on its way when Vonage says 202."""
        body = self.asked(message, address.value)
        url = f"{self._its.url.rstrip('/')}/v1/messages"
        answer = await self._caller.call("POST", url, json=body, auth=(self._its.api_key, self._its.api_secret))
        if not isinstance(answer, Answer):
            return answer
        said = answer.fields()
        if answer.ok:
            named = self._caller.named(str(said.get("message_uuid") or ""))
            return taken(named.provider_id, body["text"], self._its) if isinstance(named, Sent) else named
        words = ": ".join(str(said[name]) for name in ("title", "detail") if said.get(name))
        outcome = self._caller.judged(answer, words=words[:200] or None)
        if isinstance(outcome, Failed):
            if answer.status == 422:
                return Failed(outcome.reason, Fault.ADDRESS)
            if answer.status == 402:
                return Failed(outcome.reason, Fault.SETTINGS)
        return outcome

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def asked(self, message: Message, to: str) -> dict[str, Any]:
        """Return the message as Vonage takes it: numbers without their plus."""
        body: dict[str, Any] = {
            "channel": "sms",
            "message_type": "text",
            "to": to.removeprefix("+"),
            "from": self._its.sms_from.removeprefix("+"),
            "text": texted(message, replies=bool(self._its.signature_secret) and is_number(self._its.sms_from)),
            "client_ref": str(message.notification_id),
        }
        if self._its.signature_secret and refusal(message.home, allow_private=False) is None:
            body |= {"webhook_url": f"{message.home}/api/v1/vonage/status", "webhook_version": "v1"}
        return body
