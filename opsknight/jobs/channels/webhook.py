"""Webhooks, signed by the rules of Standard Webhooks. Source: https://www.standardwebhooks.com (specification 1.0).

The body is documented in docs/channels.md. A message has the notification's id, so a receiver that sees an id twice
has seen a repeat.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson

from opsknight.domain.model.channel import ChannelKind, web_address
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    tried_again,
)
from opsknight.jobs.channels.http import Answer, Caller

SECRET: Final = "signing"  # noqa: S105  # its name
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
NO_SECRET: Final = "The webhook has no signing secret. Remove it and add it anew."  # noqa: S105


def new_secret() -> Mapping[str, str]:
    """Return the secret of a new address, to be shown once: it proves to the receiver who sends."""
    return {SECRET: PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}


KIND: Final = ChannelKind(
    "webhook",
    "Address",
    "https://example.com/opsknight",
    web_address,
    help="OpsKnight posts JSON there, signed as Standard Webhooks says. Its secret is shown once.",
    rooms=True,
    new_secret=new_secret,
)


def reader(ground: Ground) -> Callable[[str], str]:
    """Return how an address is read on this installation."""
    return partial(web_address, allow_private=ground.settings.channels_allow_private)


def make(ground: Ground) -> WebhookChannel:
    """Return the channel as the settings want it."""
    return WebhookChannel(now=ground.now, allow_private=ground.settings.channels_allow_private)


class WebhookChannel:
    """Posts signed messages to the addresses that people give, at the instants that `now` tells."""

    def __init__(self, *, now: Callable[[], datetime], allow_private: bool = False, budget_s: float = BUDGET_S) -> None:
        """Keep how to post; nothing is opened yet."""
        self._caller = Caller("The webhook", now=now, budget_s=budget_s, allow_private=allow_private)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Post `message`; any status of 200 to 299 says that the receiver has it."""
        return await self._post(message, address, webhook_id=str(message.notification_id))

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Post how the incident of a message stands now, as a message of its own."""
        now_s = int(self._caller.now().timestamp())
        webhook_id = f"{message.notification_id}.{message.became}.{now_s}"
        return tried_again(await self._post(message, address, webhook_id=webhook_id))

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _post(self, message: Message, address: Address, *, webhook_id: str) -> Outcome:
        now = self._caller.now()
        body = orjson.dumps(told(message, at=now))
        try:
            signature = signed(address.secret[SECRET], webhook_id, int(now.timestamp()), body)
        except (KeyError, binascii.Error, ValueError):
            return Failed(NO_SECRET, Fault.SETTINGS)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        answer = await self._caller.call("POST", address.value, body=body, headers=headers)
        return self._judged(answer) if isinstance(answer, Answer) else answer

    def _judged(self, answer: Answer) -> Outcome:
        outcome = self._caller.judged(answer)
        if not isinstance(outcome, Failed):
            return outcome
        if 300 <= answer.status < 400:
            return Failed("The webhook leads elsewhere; give the address that it leads to.", Fault.ADDRESS)
        return Failed(outcome.reason, Fault.ADDRESS, gone=answer.status == 410)


def signed(secret: str, webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the value of webhook-signature: version 1, HMAC-SHA256 of id, time and body.

    Raises:
        ValueError: `secret` is not whsec_ and Base64.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    content = f"{webhook_id}.{timestamp_s}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()}"


def told(message: Message, *, at: datetime) -> Mapping[str, Any]:
    """Return the body: its type, when it was written, and what it says."""
    incident = None
    if message.incident_id is not None:
        incident = {"id": str(message.incident_id), "number": message.number, "status": message.status}
    return {
        "type": "message.changed" if message.became else "message.sent",
        "timestamp": at.isoformat(),
        "data": {
            "notification_id": str(message.notification_id),
            "kind": message.kind,
            "subject": message.subject,
            "title": message.title,
            "body": message.body,
            "url": message.url,
            "urgency": message.urgency,
            "to": message.to_name,
            "incident": incident,
            "acknowledge_url": message.acknowledge_url,
            "drill": message.drill,
            "possible_repeat": message.possible_repeat,
            "late_s": message.late_by.total_seconds() if message.late_by is not None else 0,
        },
    }
