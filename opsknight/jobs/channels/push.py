"""Web Push to a browser's push service.

Sources: RFC 8030 (the request), RFC 8291 (the encryption), RFC 8292 (VAPID, who sends).
"""

from __future__ import annotations

import base64
import ssl
from asyncio import timeout
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

import aiohttp
import orjson
from py_vapid import Vapid02, VapidException  # pyright: ignore[reportMissingTypeStubs]
from pywebpush import WebPusher, WebPushException  # pyright: ignore[reportMissingTypeStubs]

from opsknight import crypto
from opsknight.domain.model.retry import retry_after
from opsknight.domain.model.web_address import refusal
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
    Failed,
    Fault,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
)
from opsknight.outbound import Blocked, connector

TOKEN_LIVES: Final = timedelta(hours=12)
"""RFC 8292 allows 24 h; clocks differ."""
TTL_HIGH_S: Final = 3600
"""How long the push service keeps a loud page for a device that is offline."""
TTL_LOW_S: Final = 6 * 3600
MAX_TITLE_BYTES: Final = 400
MAX_BODY_BYTES: Final = 1500
"""With tokens and names they stay below the 3,993 bytes that push services take (RFC 8291, section 4)."""


@dataclass(slots=True)
class _Progress:
    """How far one request came: nothing of it can be delivered before its headers are written."""

    handed_over: bool = False


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
        self._budget_s = budget_s
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message, address: Address) -> Outcome:
        """Encrypt, sign and post `message`; the push service's status decides."""
        refused = refusal(address.value, allow_private=self._allow_private)
        if refused is not None:
            return Failed(refused, fault=Fault.ADDRESS, gone=True)
        try:
            body = _encrypted(payload(message), address)
            headers = self._headers(message, address.value)
        except (WebPushException, VapidException, ValueError, KeyError, IndexError):
            return Failed("The browser's keys are not usable; add this browser again.", Fault.ADDRESS, gone=True)
        return await self._posted(address.value, body, headers)

    async def close(self) -> None:
        """Close the open connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _posted(self, endpoint: str, body: bytes, headers: dict[str, str]) -> Outcome:
        progress = _Progress()
        try:
            async with (
                timeout(self._budget_s),
                self._pool().post(
                    endpoint, data=body, headers=headers, allow_redirects=False, trace_request_ctx=progress
                ) as answer,
            ):
                words = (await answer.content.read(300)).decode("utf-8", "replace")
                return judged(answer.status, answer.headers, words, now=self._now())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return _accident(error, handed_over=progress.handed_over)

    def _headers(self, message: Message, endpoint: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((self._now() + TOKEN_LIVES).timestamp()),
            "sub": self._subject,
        }
        signed: dict[str, str] = self._vapid.sign(claims)
        high = message.urgency is Urgency.HIGH
        return {
            **signed,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_HIGH_S if high else TTL_LOW_S),
            "Urgency": "high" if high else "normal",
            "Topic": topic(message),
        }

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_handed_over)
            self._session = aiohttp.ClientSession(
                connector=connector(allow_private=self._allow_private),
                trace_configs=[trace],
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._budget_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "OpsKnight"},
            )
        return self._session


def payload(message: Message) -> bytes:
    """Return what the service worker reads, as JSON that fits into one push message."""
    return orjson.dumps(
        {
            "title": _cut(message.subject, MAX_TITLE_BYTES),
            "body": _cut(message.body, MAX_BODY_BYTES),
            "tag": str(message.incident_id or message.notification_id),
            "url": urlsplit(message.url).path,
            "n": message.number,
            "urgency": message.urgency,
            "ack": message.acknowledge_token,
            "receipt": message.receipt_token,
            "kind": message.kind,
        }
    )


def topic(message: Message) -> str:
    """Return the name under which a later message replaces an undelivered earlier one: 32 characters.

    It is the notification's, so that a repeat never shows twice and a page never hides another.
    """
    return base64.urlsafe_b64encode(crypto.sha256(str(message.notification_id))[:24]).decode()


def judged(status: int, headers: Any, words: str, *, now: datetime) -> Outcome:
    """Return what an answer of a push service means."""
    said = f"The push service said {status}" + (f": {_one_line(words)}" if words.strip() else ".")
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


async def _note_handed_over(_session: aiohttp.ClientSession, context: Any, _params: object) -> None:
    context.trace_request_ctx.handed_over = True


def _accident(error: Exception, *, handed_over: bool) -> Outcome:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Retry(f"The push service's certificate is not valid: {_why(error)}", Fault.CERTIFICATE)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error)
    if isinstance(error, aiohttp.InvalidURL):
        return Failed("The address is not a web address that can be called.", Fault.ADDRESS, gone=True)
    if isinstance(error, TimeoutError):
        late = "The push service did not answer in time."
        return Ambiguous(late) if handed_over else Retry(late, Fault.TIMEOUT)
    lost = "The push service closed the connection without an answer."
    return Ambiguous(lost, Fault.RESET) if handed_over else Retry(lost, Fault.RESET)


def _not_connected(error: aiohttp.ClientConnectorError) -> Outcome:
    """Nothing was sent: there was no connection."""
    cause, host = error.os_error, str(cast("Any", error).host)
    if isinstance(cause, Blocked):
        return Failed(str(cause), Fault.ADDRESS)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Retry(f"The name {host} does not resolve.", Fault.DNS)
    if isinstance(cause, ssl.SSLError) or isinstance(error, aiohttp.ClientConnectorSSLError):
        return Retry(f"No secure connection to {host}: {cause}", Fault.TLS)
    if isinstance(cause, ConnectionResetError):
        return Retry(f"{host} resets the connection.", Fault.RESET)
    return Retry(f"{host} cannot be reached: {cause.strerror or cause}", Fault.REFUSED)


def _why(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    return cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)


def _encrypted(plain: bytes, address: Address) -> bytes:
    keys = {name: address.secret[name] for name in ("p256dh", "auth")}
    pusher = WebPusher({"endpoint": address.value, "keys": keys})
    return cast("bytes", pusher.encode(plain, "aes128gcm")["body"])


def _cut(text: str, most: int) -> str:
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most else raw[: most - 3].decode("utf-8", "ignore") + "…"


def _one_line(words: str) -> str:
    return " ".join(words.split())[:200]
