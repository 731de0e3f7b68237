"""How senders prove who they are: what the signatures of webhooks have in common. Bytes as they came, constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

FRESH_FOR: Final = timedelta(minutes=5)
"""A signed time further from ours than this is a replay, or a clock that is wrong."""


def is_hex_hmac(signature: str, secret: str, signed: bytes, *, algorithm: str = "sha256") -> bool:
    """Say whether `signature` is the HMAC of `signed` in hexadecimal digits, without any prefix."""
    return _equal(signature.lower(), hmac.new(secret.encode(), signed, algorithm).hexdigest())


def is_base64_hmac(signature: str, secret: str, signed: bytes, *, algorithm: str = "sha256") -> bool:
    """Say whether `signature` is the HMAC of `signed` in base64."""
    return _equal(signature, base64_hmac(secret, signed, algorithm=algorithm))


def base64_hmac(secret: str, signed: bytes, *, algorithm: str = "sha256") -> str:
    """Return the HMAC of `signed` in base64."""
    return base64.b64encode(hmac.new(secret.encode(), signed, algorithm).digest()).decode()


def is_token(given: str, secret: str) -> bool:
    """Say whether a sender gave the shared secret itself."""
    return _equal(given, secret)


def carries(headers: Mapping[str, str], secret: str) -> bool:
    """Say whether a request carries the shared secret: as bearer, as password of basic authentication, or in a header.

    For monitors that sign nothing but send what they are told to: `Authorization: Bearer …` or `Basic …`,
    `X-OpsKnight-Secret: …` or `X-API-Key: …`.
    """
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return is_token(given.strip(), secret)
    if scheme.lower() == "basic":
        return is_token(_password(given.strip()), secret)
    return is_token(headers.get("x-opsknight-secret", ""), secret) or is_token(headers.get("x-api-key", ""), secret)


def _password(encoded: str) -> str:
    """Return the password of basic authentication, "" where there is none."""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def is_fresh(timestamp: str, *, now: datetime) -> bool:
    """Say whether a signed time, in seconds since 1970, is within FRESH_FOR of `now`."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    return abs(now.timestamp() - int(timestamp)) <= FRESH_FOR.total_seconds()


def is_standard_webhook(
    *, message_id: str, timestamp: str, signatures: str, secret: str, body: bytes, now: datetime
) -> bool:
    """Say whether one of `signatures` is right by Standard Webhooks (Svix): HMAC-SHA256 of "id.timestamp.body".

    The key is what stands in base64 after "whsec_". Source: https://www.standardwebhooks.com
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return False
    if not message_id or not is_fresh(timestamp, now=now):
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(_equal(signature, right) for signature in signatures.split())


def _equal(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
