"""Amazon SNS as its subscribers meet it: signs what it sends, shows its certificate, waits for a confirmation."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.clock import NOON
from tests.peers.certificates import certificate

HOST = "sns.eu-west-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE_URL = f"https://{HOST}/SimpleNotificationService-6fce2a9e.pem"
CONFIRM_URL = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f"
SIGNED = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")
"""In the order in which SNS signs those that a message has."""


class Signer:
    """A key and its certificate, valid for a month around noon."""

    def __init__(self, *, ends_at: datetime = NOON + timedelta(days=15)) -> None:
        self._key = rsa.generate_private_key(65_537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends_at - timedelta(days=30))
            .not_valid_after(ends_at)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = made.public_bytes(serialization.Encoding.PEM)

    def message(self, *, version: str = "2", **changes: Any) -> dict[str, Any]:
        """Return a signed notification of an alarm; `changes` are signed, too, and None leaves a field out."""
        said: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "e288882d-4281-5be4-8fde-dccc11c8cb01",
            "TopicArn": TOPIC,
            "Subject": "ALARM: disk",
            "Message": '{"AlarmName": "disk", "NewStateValue": "ALARM", "NewStateReason": "91 % full"}',
            "Timestamp": NOON.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe",
            **changes,
        }
        said = {name: value for name, value in said.items() if value is not None}
        text = "".join(f"{name}\n{said[name]}\n" for name in SIGNED if name in said)
        algorithm = {"1": hashes.SHA1, "2": hashes.SHA256}[version]()  # noqa: S303  # as SNS does
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {
            **said,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": CERTIFICATE_URL,
        }

    def confirmation(self, **changes: Any) -> dict[str, Any]:
        """Return what SNS sends first, to be told that it may go on."""
        asked = {"Type": "SubscriptionConfirmation", "Subject": None, "Message": "You have chosen to subscribe.",
                 "Token": "2336412f", "SubscribeURL": CONFIRM_URL, "UnsubscribeURL": None}  # fmt: skip
        return self.message(**{**asked, **changes})


@dataclass
class SnsPeer:
    """A server that calls itself HOST; `gets` are the paths that it was asked for, `statuses` its next answers."""

    signer: Signer
    gets: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    port: int = 0
    trust: ssl.SSLContext | None = None

    def connector(self) -> aiohttp.BaseConnector:
        """Return connections on which every name leads here, and whose certificate must be right all the same."""
        assert self.trust is not None
        return aiohttp.TCPConnector(resolver=_Here(self.port), ssl=self.trust)

    async def serve(self, request: web.Request) -> web.Response:
        self.gets.append(request.path_qs)
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            return web.Response(status=status, headers={"location": f"https://{HOST}/elsewhere.pem"})
        return web.Response(
            body=self.signer.pem if request.path.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"
        )


class _Here(AbstractResolver):
    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=family, proto=0, flags=0),
        ]

    async def close(self) -> None:
        """Hold nothing."""


@asynccontextmanager
async def sns_peer(folder: Path, *, name: str = HOST) -> AsyncIterator[SnsPeer]:
    """Run the server in this loop; its TLS certificate is for `name`."""
    tls = certificate(folder, name=name)
    peer = SnsPeer(Signer(), trust=ssl.create_default_context(cafile=str(tls.chain)))
    app = web.Application()
    app.router.add_get("/{path:.*}", peer.serve)
    runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls.server_context()).start()
    peer.port = runner.addresses[0][1]
    try:
        yield peer
    finally:
        await runner.cleanup()
