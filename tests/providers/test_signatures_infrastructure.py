"""Senders that sign: the right signature is taken, and no other."""

from __future__ import annotations

import hashlib
import hmac

from opsknight.api.providers import netbox
from opsknight.api.providers.provider import Request
from tests.clock import NOON

BODY = b'{"event": "created"}'
SECRET = "netbox-secret"


def signed(signature: str | None, *, body: bytes = BODY) -> Request:
    headers = {} if signature is None else {"x-hook-signature": signature}
    return Request(headers=headers, body=body, received_at=NOON)


def right() -> str:
    return hmac.new(SECRET.encode(), BODY, hashlib.sha512).hexdigest()


def test_netbox_signs_the_body_with_sha512():
    assert netbox.verify(signed(right()), SECRET)


def test_another_signature_another_secret_or_none_at_all_is_refused():
    assert not netbox.verify(signed("0" * 128), SECRET)
    assert not netbox.verify(signed(right()), "another-secret")
    assert not netbox.verify(signed(None), SECRET)
    assert not netbox.verify(signed(""), SECRET)


def test_a_body_that_was_changed_on_the_way_is_refused():
    assert not netbox.verify(signed(right(), body=BODY + b" "), SECRET)
