"""Amazon SNS: what it signs and with which certificate, and how a subscription is confirmed. No I/O here.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from opsknight.api.reading import instant, is_object

RETRIES_FOR: Final = timedelta(hours=1, minutes=5)
"""SNS sends a message again for an hour at most, always with its first time; our clocks differ by little."""
AHEAD: Final = timedelta(minutes=5)

_SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""By type, what is signed in this order; a subject only where there is one."""
_UNSIGNED: Final = frozenset(
    ("Signature", "SignatureVersion", "SigningCertURL", "UnsubscribeURL", "Subject", "MessageAttributes")
)
_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "1": hashes.SHA1,  # noqa: S303  # what SNS signs with unless a topic is told otherwise
    "2": hashes.SHA256,
}
# One expression for the whole address, so that nobody reads another host out of it than we do.
_OF_SNS: Final = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[A-Za-z0-9_.~/?&=:%+-]*")
_CERTIFICATE: Final = re.compile(r"https://[a-z0-9.-]+/[A-Za-z0-9_.~/-]*\.pem")
_CONFIRMS: Final = re.compile(r"https://[a-z0-9.-]+/\?Action=ConfirmSubscription&.+")
MAX_ADDRESS: Final = 2048


class Unknown(Exception):
    """The certificate at `url` has not been fetched yet; without it nobody can say whether a message is signed."""

    def __init__(self, url: str) -> None:
        """Keep the address, which is one of SNS."""
        super().__init__(f"the certificate {url} is not known yet")
        self.url = url


def is_of_sns(url: str) -> bool:
    """Say whether an address is one of SNS itself: https, its host and no other, no port, no user."""
    return len(url) <= MAX_ADDRESS and _OF_SNS.fullmatch(url) is not None


def is_signed(said: Any, *, topic: str, message_id: str, certificates: Mapping[str, bytes], now: datetime) -> bool:
    """Say whether an envelope is one that SNS signed for `topic`, an ARN, not long ago.

    `message_id` is the header by which a repeat is known, so it must be the signed one. What stands
    beside the signed fields could be anybody's: an envelope with more than SNS writes is refused.

    Raises:
        Unknown: the certificate is not among `certificates` (PEM by address).
    """
    if not is_object(said):
        return False
    signed = _SIGNED.get(str(said.get("Type")))
    url, algorithm = said.get("SigningCertURL"), _HASHES.get(str(said.get("SignatureVersion")))
    if signed is None or algorithm is None or not isinstance(url, str) or not _is_certificate(url):
        return False
    if not said.keys() <= _UNSIGNED.union(signed):
        return False
    if url not in certificates:
        raise Unknown(url)
    at = instant(said.get("Timestamp"))
    if at is None or not -AHEAD <= now - at <= RETRIES_FOR:
        return False
    if said.get("TopicArn") != topic or said.get("MessageId") != message_id:
        return False
    return _is_right(said, signed, certificates[url], algorithm(), now=now)


def confirmation(said: Any) -> str | None:
    """Return the address to get so that SNS sends what a topic is told, None where nothing is to be confirmed."""
    if not is_object(said) or said.get("Type") != "SubscriptionConfirmation":
        return None
    url = said.get("SubscribeURL")
    return url if isinstance(url, str) and is_of_sns(url) and _CONFIRMS.fullmatch(url) else None


def _is_certificate(url: str) -> bool:
    return is_of_sns(url) and _CERTIFICATE.fullmatch(url) is not None


def _is_right(
    said: Mapping[str, Any], names: tuple[str, ...], pem: bytes, algorithm: hashes.HashAlgorithm, *, now: datetime
) -> bool:
    certificate = _certificate(pem)
    if certificate is None or not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return False
    key = certificate.public_key()
    values = [(name, said.get(name)) for name in names if name != "Subject" or said.get(name) is not None]
    if not isinstance(key, rsa.RSAPublicKey) or not all(isinstance(value, str) for _, value in values):
        return False
    text = "".join(f"{name}\n{value}\n" for name, value in values)
    try:
        signature = base64.b64decode(str(said.get("Signature")), validate=True)
        key.verify(signature, text.encode("utf-8", "replace"), padding.PKCS1v15(), algorithm)
    except (ValueError, InvalidSignature):
        return False
    return True


@lru_cache(maxsize=32)
def _certificate(pem: bytes) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None
