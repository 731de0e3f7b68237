"""Web Push to a browser's push service.

Sources: RFC 8030 (the request), RFC 8291 (the encryption), RFC 8292 (VAPID, who sends).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, Final, cast
from urllib.parse import urlsplit

from py_vapid import Vapid02, VapidException  # pyright: ignore[reportMissingTypeStubs]
from pywebpush import WebPusher, WebPushException  # pyright: ignore[reportMissingTypeStubs]

from opsknight import crypto
from opsknight.domain.model.channel import ChannelKind, one_line
from opsknight.domain.model.incident import Status
from opsknight.domain.model.retry import retry_after
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
    Urgency,
)
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.notices import payload

TOKEN_LIVES: Final = timedelta(hours=12)
"""RFC 8292 allows 24 h; clocks differ."""
TTL_HIGH_S: Final = 3600
"""How long the push service keeps a loud page for a device that is offline."""
TTL_LOW_S: Final = 6 * 3600


KIND: Final = ChannelKind("push", "Browser", "", one_line, by_hand=False)


def make(ground: Ground) -> PushChannel:
    """Return the channel as the settings want it."""
    address = ground.settings.address
    contact = address if address.startswith("https://") else f"mailto:{parseaddr(ground.settings.mail_from)[1]}"
    return PushChannel(
        vapid_private_pem=ground.vapid_private_pem,
        subject=contact,
        now=ground.now,
        allow_private=ground.settings.push_allow_private,
    )


class PushChannel:
    """Sends Web Push messages, signed as this installation.

    `subject` is the contact that push services may write to: a mailto: or https: address. `now`
    gives the present instant. Redirects are not followed; only public https addresses are called
    unless `allow_private`.
    """

    def __init__(
        self,
        *,
        vapid_private_pem: str,
        subject: str,
        now: Callable[[], datetime],
        allow_private: bool = False,
        budget_s: float = BUDGET_S,
    ) -> None:
        """Load the key; connections are opened when the first message is sent."""
        # The strict mode knows fewer contact addresses than push services accept.
        self._vapid = cast("Any", Vapid02).from_pem(vapid_private_pem.encode())
        self._vapid.conf = {"no-strict": True}
        self._subject = subject
        self._now = now
        self._allow_private = allow_private
        self._caller = Caller("The push service", now=now, budget_s=budget_s, allow_private=allow_private)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Encrypt, sign and post `message`; the push service's status decides."""
        refused = refusal(address.value, allow_private=self._allow_private)
        if refused is not None:
            return Failed(refused, fault=Fault.ADDRESS, gone=True)
        try:
            body = _encrypted(payload(message, at=self._now()), address)
            headers = self._headers(message, address.value)
        except (WebPushException, VapidException, ValueError, KeyError, IndexError):
            return Failed("The browser's keys are not usable; add this browser again.", Fault.ADDRESS, gone=True)
        answer = await self._caller.call("POST", address.value, body=body, headers=headers)
        return judged(answer, now=self._now()) if isinstance(answer, Answer) else answer

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Replace on the device, without a sound, what it shows of the incident.

        A page that the push service still keeps for a device that is off is replaced there. An incident that is
        open again pages anew: a quiet word might come after that page and take its place.
        """
        return Sent() if message.became is Status.OPEN else await self.send(message, address)

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _headers(self, message: Message, endpoint: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((self._now() + TOKEN_LIVES).timestamp()),
            "sub": self._subject,
        }
        signed: dict[str, str] = self._vapid.sign(claims)
        high = message.urgency is Urgency.HIGH and message.became is None
        return {
            **signed,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_HIGH_S if high else TTL_LOW_S),
            "Urgency": "high" if high else "normal",
            "Topic": topic(message),
        }


def topic(message: Message) -> str:
    """Return the name under which a later message replaces an undelivered earlier one: 32 characters.

    It is the notification's, so that a repeat never shows twice and a page never hides another.
    """
    return base64.urlsafe_b64encode(crypto.sha256(str(message.notification_id))[:24]).decode()


def judged(answer: Answer, *, now: datetime) -> Outcome:
    """Return what an answer of a push service means."""
    status, headers, words = answer.status, answer.headers, answer.words()
    said = f"The push service said {status}" + (f": {words}" if words else ".")
    if status in (200, 201, 202, 204):
        return Sent(provider_id=str(headers.get("Location", ""))[:500])
    if status in (404, 410):
        return Failed("The browser no longer takes messages for this subscription.", Fault.ADDRESS, gone=True)
    if status == 413:
        return Failed("The push service finds the message too large.")
    if status == 429:
        return Retry(said, Fault.THROTTLED, after=retry_after(headers.get("Retry-After"), at=now))
    if status >= 500 or status == 408:
        return Retry(said, after=retry_after(headers.get("Retry-After"), at=now))
    return Failed(said)


def _encrypted(plain: bytes, address: Address) -> bytes:
    keys = {name: address.secret[name] for name in ("p256dh", "auth")}
    pusher = WebPusher({"endpoint": address.value, "keys": keys})
    return cast("bytes", pusher.encode(plain, "aes128gcm")["body"])
