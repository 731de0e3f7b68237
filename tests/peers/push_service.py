"""A push service and the browsers behind it: verifies VAPID, decrypts as a browser would, misbehaves when told.

Sources: RFC 8030, RFC 8188, RFC 8291, RFC 8292.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.bounds import PATIENCE_S
from tests.peers.thread import in_thread


@dataclass(slots=True)
class Browser:
    """One subscription, with the keys that never leave the browser."""

    endpoint: str
    application_key: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` returns."""
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self.endpoint,
            "expirationTime": None,
            "keys": {"p256dh": b64(point), "auth": b64(self.auth)},
        }

    @property
    def secret(self) -> dict[str, str]:
        """What a contact method keeps of the subscription."""
        return self.subscription["keys"]

    def decrypted(self, body: bytes) -> dict[str, Any]:
        """Open an aes128gcm body with this browser's keys."""
        return json.loads(http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"))


@dataclass(slots=True)
class Pushed:
    """One message that the service took."""

    endpoint: str
    headers: dict[str, str]
    claims: dict[str, Any]
    payload: dict[str, Any]


@dataclass(slots=True)
class Answer:
    """What the service says next, instead of 201."""

    status: int = 201
    headers: dict[str, str] = field(default_factory=dict[str, str])
    hang: bool = False
    reset: bool = False
    take: bool = False
    """Take the message all the same, before hanging or resetting."""


@dataclass(slots=True)
class PushPeer:
    """What the service took (`taken`), and how it behaves: `answers` are used up one by one, then `answer`."""

    origin: str = ""
    taken: list[Pushed] = field(default_factory=list[Pushed])
    refused: list[str] = field(default_factory=list[str])
    answer: Answer = field(default_factory=Answer)
    answers: list[Answer] = field(default_factory=list[Answer])
    requests: int = 0
    browsers: dict[str, Browser] = field(default_factory=dict[str, Browser])
    now: Callable[[], float] = field(default=time.time)
    """The service's own clock, in seconds since 1970; set it where the sender's stands still."""
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let go of the requests that hang."""
        self._released.set()

    def browser(self, application_key: str) -> Browser:
        """Subscribe a new browser for the server whose public key is `application_key`."""
        path = f"/push/{len(self.browsers) + 1}-{b64(os.urandom(12))}"
        made = self.browsers[path] = Browser(self.origin + path, application_key)
        return made

    def wait_for(self, count: int, *, within_s: float = PATIENCE_S) -> list[Pushed]:
        """Block until `count` messages are here; call it from a thread when the loop must go on."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.taken) >= count, within_s)
        assert came, f"{len(self.taken)} pushes after {within_s} s, wanted {count}; refused: {self.refused}"
        return self.taken

    async def pushes_come(self, count: int, *, within_s: float = PATIENCE_S) -> list[Pushed]:
        """Wait until `count` messages are here, and let the loop go on meanwhile."""
        return await asyncio.to_thread(self.wait_for, count, within_s=within_s)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Answer one POST as told, after checking it as a real service and browser would."""
        self.requests += 1
        answer = self.answers.pop(0) if self.answers else self.answer
        body = await request.read()
        browser = self.browsers.get(request.path)
        if browser is None:
            return web.Response(status=404)
        if answer.status == 201 and (answer.take or not (answer.hang or answer.reset)):
            try:
                self._take(browser, request, body)
            except Mistake as mistake:
                self.refused.append(str(mistake))
                return web.Response(status=mistake.status, text=str(mistake))
        if answer.hang:
            await self._released.wait()
        if answer.reset and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, headers={"Location": f"{self.origin}/m/1", **answer.headers})

    def _take(self, browser: Browser, request: web.Request, body: bytes) -> None:
        claims = verified(
            request.headers.get("Authorization", ""), origin=self.origin, key=browser.application_key, now=self.now()
        )
        if request.headers.get("Content-Encoding") != "aes128gcm":
            raise Mistake(400, "Content-Encoding is not aes128gcm")
        if not request.headers.get("TTL", "").isdigit():
            raise Mistake(400, "TTL is missing")
        if request.headers.get("Urgency", "normal") not in ("very-low", "low", "normal", "high"):
            raise Mistake(400, "Urgency is unknown")
        topic = request.headers.get("Topic", "x")
        if len(topic) > 32 or not topic.replace("-", "").replace("_", "").isalnum():
            raise Mistake(400, "Topic is not 32 url-safe characters")
        if len(body) > 4096:
            raise Mistake(413, "larger than 4,096 bytes")
        with self._arrived:
            self.taken.append(Pushed(browser.endpoint, dict(request.headers), claims, browser.decrypted(body)))
            self._arrived.notify_all()


class Mistake(Exception):
    """The sender did not keep to the protocol."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def verified(authorization: str, *, origin: str, key: str, now: float) -> dict[str, Any]:
    """Return the claims of a VAPID header; raise Mistake when any part is not as RFC 8292 wants it."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    if scheme.lower() != "vapid" or not {"t", "k"} <= parts.keys():
        raise Mistake(401, "no VAPID header")
    if parts["k"] != key:
        raise Mistake(403, "signed by another server than the subscription's")
    head, claims, signature = parts["t"].split(".")
    if json.loads(unb64(head)).get("alg") != "ES256":
        raise Mistake(401, "alg is not ES256")
    raw = unb64(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key)).verify(
            der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        raise Mistake(401, "the signature is not valid") from None
    said: dict[str, Any] = json.loads(unb64(claims))
    if said.get("aud") != origin:
        raise Mistake(401, f"aud is {said.get('aud')}, not {origin}")
    if not now < said.get("exp", 0) <= now + 24 * 3600:
        raise Mistake(401, "exp is past, or more than 24 h away")
    if not str(said.get("sub", "")).startswith(("mailto:", "https:")):
        raise Mistake(401, "sub is no contact")
    return said


@asynccontextmanager
async def push_peer(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[PushPeer]:
    """Run the service in this loop."""
    peer = PushPeer()
    app = web.Application()
    app.router.add_post("/push/{id}", peer.receive)
    runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    peer.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield peer
    finally:
        peer.release()
        await runner.cleanup()


@contextmanager
def push_peer_in_thread() -> Iterator[PushPeer]:
    """Run the service beside the test, for tests that start OpsKnight as a process."""
    with in_thread(push_peer) as peer:
        yield peer


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
