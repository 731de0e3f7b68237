"""Ids, random tokens, signed tokens and the key pair of Web Push."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import struct
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg.pgproto import pgproto
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class BadToken(ValueError):
    """A signed token that is not ours, was changed, or is over; the text is for a person."""


_TAILS: Final = struct.Struct("512Q")
_LAST_COUNTER: Final = 0xFFF
_VERSION: Final = 7 << 12
_VARIANT: Final = 2 << 62
_SIXTEEN_BYTES: Final = struct.Struct(">QQ")
_PROOF: Final = 10


class _Ids:
    """Draws UUIDs of version 7 that rise within the process, several hundred per call to the kernel.

    48 bits of milliseconds, a counter of 12 bits within the millisecond, 62 random bits. A spent
    counter borrows the next millisecond; a wall clock set back keeps the last one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Drop the random bits at hand; a forked child must not share its parent's."""
        self._lock = threading.Lock()
        self._tails: list[int] = []
        self._millisecond = 0
        self._counter = 0

    def draw(self) -> bytes:
        """Return the sixteen bytes of the next id."""
        with self._lock:
            millisecond = time.time_ns() // 1_000_000
            if millisecond > self._millisecond:
                self._millisecond, self._counter = millisecond, 0
            elif self._counter == _LAST_COUNTER:
                self._millisecond, self._counter = self._millisecond + 1, 0
            else:
                self._counter += 1
            if not self._tails:
                self._tails.extend(_TAILS.unpack(os.urandom(_TAILS.size)))
            tail = self._tails.pop() & 0x3FFF_FFFF_FFFF_FFFF
            return _SIXTEEN_BYTES.pack(self._millisecond << 16 | _VERSION | self._counter, _VARIANT | tail)


_ids: Final = _Ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.forget)


def new_id() -> UUID:
    """Return a new UUID, version 7: later ones of this process are greater.

    It is asyncpg's own kind of UUID, which keeps its bytes at hand: made, written as text and sent to
    PostgreSQL in a fraction of the time.
    """
    return pgproto.UUID(_ids.draw())


def new_token(nbytes: int = 32) -> str:
    """Return a random secret of `nbytes` bytes in url-safe characters."""
    return secrets.token_urlsafe(nbytes)


def sha256(value: str | bytes) -> bytes:
    """Return the SHA-256 of `value`; text counts as UTF-8."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).digest()


def six_digits(secret: bytes, name: str) -> str:
    """Return the code of six digits that stands for `name`; only holders of `secret` can tell it."""
    return f"{int.from_bytes(_mac(secret, 'code', name)[:8], 'big') % 1_000_000:06}"


def sign(secret: bytes, claims: Mapping[str, Any], *, purpose: str = "") -> str:
    """Return `claims` (plain JSON) as a compact token that only holders of `secret` can make.

    Claims are readable by whoever holds the token. `exp`, epoch seconds, says until when it counts;
    without it, for ever. A token signed for one `purpose` is no token for another.
    """
    body = _encode(orjson.dumps(dict(claims)))
    return f"{body}.{_encode(_mac(secret, purpose, body))}"


def verify(secret: bytes, token: str, *, now: datetime, purpose: str = "") -> dict[str, Any]:
    """Return the claims of a token that `sign` made with the same secret and purpose.

    Raises:
        BadToken: it was not, was changed, or its `exp` has passed.
    """
    body, _, mac = token.partition(".")
    if not hmac.compare_digest(_mac(secret, purpose, body), _decode(mac)):
        raise BadToken("This link is not valid. It may have been cut off when it was copied.")
    claims: dict[str, Any] = orjson.loads(_decode(body))
    if "exp" in claims and now.timestamp() >= claims["exp"]:
        raise BadToken("This link is no longer valid: its time has passed.")
    return claims


def tagged(secret: bytes, raw: bytes, *, purpose: str) -> str:
    """Return `raw` and a proof of ten bytes that it is ours, in a to z and 2 to 7.

    For addresses, which others may write in capitals or in small letters. The proof is short, for it has to hold
    against guesses at our own door only.
    """
    proof = hmac.digest(secret, purpose.encode() + b"\0" + raw, "sha256")[:_PROOF]
    return base64.b32encode(raw + proof).rstrip(b"=").decode().lower()


def untagged(secret: bytes, tag: str, *, purpose: str) -> bytes:
    """Return what `tagged` was given with the same secret and purpose.

    Raises:
        BadToken: it is nothing of ours.
    """
    try:
        both = base64.b32decode(tag.upper() + "=" * (-len(tag) % 8))
    except (binascii.Error, ValueError):
        both = b""
    raw, proof = both[:-_PROOF], both[-_PROOF:]
    wanted = hmac.digest(secret, purpose.encode() + b"\0" + raw, "sha256")[:_PROOF]
    if not raw or not hmac.compare_digest(wanted, proof):
        raise BadToken("This address is not valid. It may have been cut off when it was copied.")
    return raw


def new_vapid() -> tuple[str, str]:
    """Return a new key pair for Web Push: the private key as PEM, the public one as browsers want it.

    Source: RFC 8292, section 3.2 (uncompressed P-256 point, url-safe base64 without padding).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return private.decode(), _encode(public)


def _mac(secret: bytes, purpose: str, body: str) -> bytes:
    return hmac.digest(secret, f"{purpose}\0{body}".encode("utf-8", "surrogatepass"), "sha256")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Return the bytes of url-safe base64 without padding, or none at all where it is not that."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
